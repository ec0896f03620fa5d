// A server's answers to the sidecar's own queries: the same at every split, settings and a catalogue
// made of whatever they say, and never a hang or a crash.
#include "sidecar/session/own_query.h"

#include <algorithm>
#include <functional>
#include <map>

#include "proto-parsers/base/check.h"
#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/frontend.h"
#include "proto-parsers/postgres/writer.h"
#include "proto-parsers/sql/catalogue_queries.h"
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

// Lines of a section's number and values, tabs between, \\N for null; a stamp's rows have number 99.
// Each line goes to a server that answers the load's queries with them, so that what lies behind the
// framing is reached, a further load of what changed too: an empty line ends the rows of a load.
using Lines = std::multimap<std::string, std::string_view, std::less<>>;

Lines lines_of_load(std::string_view& text) {
  Lines lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) break;
    std::size_t tab = std::min(line.find('\t'), line.size());
    lines.emplace(line.substr(0, tab), line.substr(std::min(tab + 1, line.size())));
  }
  return lines;
}

void append_row(std::string& out, std::string_view line) {
  pg::MessageWriter row(out, pg::BackendType::kDataRow);
  row.count(static_cast<std::size_t>(std::count(line.begin(), line.end(), '\t')) + 1);
  for (bool more = true; more;) {
    std::string_view value = line.substr(0, line.find('\t'));
    more = value.size() < line.size();
    line.remove_prefix(value.size() + (more ? 1 : 0));
    row.u32(value == "\\N" ? UINT32_MAX : static_cast<std::uint32_t>(value.size()));
    if (value != "\\N") row.bytes(as_bytes(value));
  }
}

std::string answers_to(const std::string& queries, const Lines& lines) {
  std::string out;
  pg::FrontendParser parser;
  for (Bytes rest = as_bytes(queries); !rest.empty();) {
    rest = rest.subspan(parser.next(rest).consumed);
    std::string_view asked = parser.event().text;
    auto texts = sql::catalogue_texts();
    std::string section = asked.find("horizon") != std::string_view::npos ? "99" : "";
    for (std::size_t i = 0; i < texts.size() && section.empty(); ++i) {
      std::string_view start = texts[i].text;
      start = start.substr(0, start.find('{'));
      if (asked.find(start) != std::string_view::npos) section = std::to_string(i);
    }
    auto [from, to] = lines.equal_range(section);
    for (auto line = from; line != to; ++line) append_row(out, line->second);
    pg::append_command_complete(out, "SELECT");
    pg::append_ready_for_query(out, pg::TransactionStatus::kIdle);
  }
  return out;
}

void load_rows(std::string_view text, bool in_transaction) {
  std::shared_ptr<const sql::Catalogue> known;
  for (int loads = 0; loads < 4 && !text.empty(); ++loads) {
    Lines lines = lines_of_load(text);
    CatalogueLoad load(known, 150000, in_transaction);
    for (int batches = 0; !load.done(); ++batches) {
      CHECK(batches < 4);
      std::string answers = answers_to(load.next_queries(), lines);
      std::size_t taken = 0;
      CHECK(load.feed(as_bytes(answers), taken) && taken == answers.size());
    }
    CHECK(!load.broken() && load.failed() == (load.catalogue() == nullptr));
    if (!load.failed()) known = load.catalogue();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  const std::string whole = heard(input, SIZE_MAX);
  CHECK(heard(input, 1) == whole);
  CHECK(heard(input, 7) == whole);
  load(input, false);
  load(input, true);
  load_rows(as_text(input), false);
  load_rows(as_text(input), true);
  std::string_view text = as_text(input);
  std::size_t equals = std::min(text.find('='), size);
  ServerSettings settings;
  settings.on_parameter_status(text.substr(0, equals), text.substr(std::min(equals + 1, size)));
  return 0;
}
