// Any challenge and any final message of a SCRAM server: no crash, and nothing is verified that
// does not carry the signature.
#include <algorithm>

#include "proto-parsers/base/check.h"
#include "sidecar/session/scram.h"

using namespace chaperone;

namespace {

constexpr std::string_view kNonce = "rOprNGfwEbeRWgbNEkqO";

// Counts up to 9999 only: the larger ones are as good and take the fuzzer's time.
bool is_quick(std::string_view challenge) {
  std::size_t digits = 0, most = 0;
  for (char c : challenge) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    most = std::max(most, digits);
  }
  return most <= 4;
}

}  // namespace

// The first line is the challenge behind our nonce, the rest the final message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string challenge = "r=" + std::string(kNonce) + std::string(input.substr(0, line));
  if (!is_quick(input.substr(0, line))) return 0;
  static ScramCache cache;
  Scram::Options options;
  options.user = "user";
  options.nonce = kNonce;
  Scram scram(Secret("pencil"), options, &cache);
  scram.first_message();
  auto reply = scram.final_message(challenge);
  if (!reply || line == input.size()) return 0;
  const std::string_view last = input.substr(line + 1);
  const bool verified = scram.verify(last).ok();
  CHECK(verified == scram.verified());
  CHECK(!verified || last.size() >= 2 + 44);
  return 0;
}
