// A server's answers to the sidecar's own queries: the same at every split, settings and a catalogue
// made of whatever they say, and never a hang or a crash.
#include "sidecar/session/own_query.h"

#include <algorithm>

#include "proto-parsers/base/check.h"
#include "sidecar/session/catalogue_load.h"
#include "sidecar/session/server_settings.h"

using namespace chaperone;
using namespace chaperone::session;

namespace {

std::string heard(Bytes input, std::size_t piece_bytes) {
  std::string log;
  SettingsReader settings{ServerSettings{}};
  OwnQuery query({[&](const Row& row) {
                    for (const auto& value : row) log += value ? std::string(*value) + "," : "null,";
                    settings.row(row);
                  },
                  [&](char type, Bytes message) { log += type + std::to_string(message.size()); }});
  auto state = OwnQuery::State::kReading;
  std::size_t at = 0;
  while (at < input.size() && state == OwnQuery::State::kReading) {
    Bytes piece = input.subspan(at, std::min(piece_bytes, input.size() - at));
    std::size_t taken = 0;
    state = query.feed(piece, taken);
    CHECK(taken <= piece.size() && (taken == piece.size() || state != OwnQuery::State::kReading));
    at += taken;
  }
  if (state == OwnQuery::State::kBroken) return log + query.broken_because();
  log += state == OwnQuery::State::kDone ? query.transaction_status() : '-';
  return log + query.sqlstate() + settings.settings().client_encoding +
         std::to_string(settings.prepared_bytes());
}

// What is loaded is known to the next load, from the bytes behind it.
void load(Bytes input, bool in_transaction) {
  std::shared_ptr<const sql::Catalogue> known;
  do {
    CatalogueLoad load(known, 150000, in_transaction);
    while (!load.done()) {
      CHECK(!load.next_queries().empty());
      std::size_t taken = 0;
      if (!load.feed(input, taken)) return;  // needs more, and there is none
      input = input.subspan(taken);
    }
    CHECK(load.failed() == (load.catalogue() == nullptr));
    known = load.catalogue();
  } while (known && !input.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  const std::string whole = heard(input, SIZE_MAX);
  CHECK(heard(input, 1) == whole);
  CHECK(heard(input, 7) == whole);
  load(input, false);
  load(input, true);
  std::string_view text = as_text(input);
  std::size_t equals = std::min(text.find('='), size);
  ServerSettings settings;
  settings.on_parameter_status(text.substr(0, equals), text.substr(std::min(equals + 1, size)));
  return 0;
}
