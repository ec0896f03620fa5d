// Any bytes of a server that we log in at: no crash, and the password only where it may go.
#include "proto-parsers/base/check.h"
#include "sidecar/session/login.h"

using namespace chaperone;

namespace {

constexpr std::string_view kPassword = "correct horse battery staple";

void log_in(Bytes input, LoginFloor floor, bool over_tls) {
  LoginPlan plan;
  plan.role = "role";
  plan.database = "database";
  plan.password = Secret(kPassword);
  plan.floor = floor;
  plan.over_tls = over_tls;
  if (over_tls) plan.end_point_hash = "hash";
  UpstreamLogin login(std::move(plan), nullptr);
  CHECK(login.start().ok());
  pg::BackendParser parser;
  for (std::size_t at = 0; at < input.size();) {
    const Step step = parser.next(input.subspan(at));
    if (step.kind != StepKind::kEvent) return;
    std::string out;
    const LoginStep answer = login.step(parser.event(), out);
    const bool in_clear = out.find(kPassword) != std::string::npos;
    CHECK(!in_clear || (over_tls && floor == LoginFloor::kAny));
    if (answer == LoginStep::kFailed) {
      // A server may know it and say it; we may not.
      const bool said = as_text(input).find(kPassword) != std::string_view::npos;
      CHECK(said || login.error().message.find(kPassword) == std::string::npos);
      return;
    }
    // No input can know the signature over a nonce of ours.
    if (answer == LoginStep::kDone) CHECK(floor < LoginFloor::kScram);
    if (answer == LoginStep::kDone) return;
    at += step.consumed;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  for (bool over_tls : {false, true}) {
    log_in(input, LoginFloor::kAny, over_tls);
    log_in(input, LoginFloor::kScram, over_tls);
  }
  return 0;
}
