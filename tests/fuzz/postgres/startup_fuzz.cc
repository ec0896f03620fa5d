// Any first bytes: no crash, the same packets at every split, and settings that stay on the list.
#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/startup_settings.h"
#include "tests/fuzz/postgres/split.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

std::string settings_of(const StartupPacket& packet) {
  auto request = read_request(packet);
  if (!request) return request.error().message;
  CHECK(!request->user.empty());
  std::string out = request->user + "@" + request->database;
  for (const Setting& setting : request->settings) {
    CHECK(check_setting(setting.name, setting.value).ok());
    out += ";" + setting.name + "=" + setting.value;
  }
  return out;
}

// A startup packet that was understood can be written again and reads the same.
void check_round_trip(const StartupPacket& packet, const std::string& settings) {
  std::string again;
  append_startup(again, packet.minor, packet.all());
  StartupParser parser;
  CHECK(parser.next(as_bytes(again)).consumed == again.size());
  CHECK(settings_of(parser.event()) == settings);
}

std::string say(const StartupPacket& packet) {
  if (packet.kind == StartupKind::kCancelRequest) {
    return "cancel " + std::string(as_text(packet.cancel_secret));
  }
  if (packet.kind != StartupKind::kStartup) return "request";
  const std::string settings = settings_of(packet);
  check_round_trip(packet, settings);
  return settings + (negotiate(packet).must_tell ? "!" : "");
}

std::string parse(Bytes input, std::size_t piece_bytes) {
  StartupParser parser;
  return fuzz::parse_in_pieces(parser, input, piece_bytes,
                               [&](const Step&) { return say(parser.event()); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  const std::string whole = parse(input, SIZE_MAX);
  CHECK(parse(input, 1) == whole);
  (void)parse_options(as_text(input));
  return 0;
}
