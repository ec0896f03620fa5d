// Listings of whatever rules a node has, and flags of whatever an operator writes: a listing equals
// itself, and no flag that passes the check changes the shape of a ruleset.

#include <algorithm>
#include <string>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "sidecar/capture/foreign_rules.h"
#include "sidecar/capture/iptables_ruleset.h"
#include "sidecar/capture/listing.h"
#include "sidecar/capture/nft_ruleset.h"
#include "sidecar/capture/user_ids.h"

using namespace chaperone;

namespace {

auto lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }
auto braces(const std::string& text) { return std::count(text.begin(), text.end(), '{'); }

void shape_is_kept(const std::string& word) {
  capture::Parameters meant, written;
  meant.devices = {"eth0"};
  meant.resolvers4 = {"10.0.0.1"};
  written.devices = {word};
  written.resolvers4 = {word};
  if (!capture::check(written)) written.resolvers4 = meant.resolvers4;
  if (!capture::check(written)) return;
  CHECK(lines(capture::nft_ruleset(written)) == lines(capture::nft_ruleset(meant)));
  CHECK(braces(capture::nft_ruleset(written)) == braces(capture::nft_ruleset(meant)));
  CHECK(lines(capture::iptables_ruleset(written, capture::Family::V4)) ==
        lines(capture::iptables_ruleset(meant, capture::Family::V4)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(as_text(Bytes(data, size)));
  capture::describe(capture::foreign_in_nft(text));
  capture::describe(capture::foreign_in_iptables("iptables-nft", text));
  CHECK(capture::compare_nft(text, text, text).ok());
  CHECK(capture::compare_iptables(text, text).ok());
  CHECK(capture::last_uid(text) < UINT32_MAX);
  shape_is_kept(text);
  capture::Parameters parameters;
  if (capture::add_resolver(parameters, text)) CHECK(capture::check(parameters).ok());
  return 0;
}
