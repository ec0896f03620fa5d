#include "injector/lease.h"

#include <rapidjson/document.h>

#include <ctime>

#include "injector/json.h"
#include "injector/own_parts.h"

namespace chaperone::injector {

namespace {
constexpr const char* kName = "chaperone-injector";
constexpr std::int64_t kDurationS = 15;

std::string micro_time() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000000Z", &parts);
  return text;
}

std::string lease_json(const std::string& version, const std::string& holder, std::int64_t turns) {
  return R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":)" +
         in_quotes(kName) +
         (version.empty() ? "" : R"(,"resourceVersion":)" + in_quotes(version)) +
         R"(},"spec":{"holderIdentity":)" + in_quotes(holder) + R"(,"leaseDurationSeconds":)" +
         std::to_string(kDurationS) + R"(,"renewTime":)" + in_quotes(micro_time()) +
         R"(,"leaseTransitions":)" + std::to_string(turns) + "}}";
}
}  // namespace

Lease::Lease(KubeApi& api, std::string namespace_name, std::string holder)
    : api_(api),
      path_("/apis/coordination.k8s.io/v1/namespaces/" + namespace_name + "/leases"),
      holder_(std::move(holder)) {}

Result<bool> Lease::create() {
  auto answer = api_.request("POST", path_, lease_json("", holder_, 0));
  if (!answer) return answer.error();
  if (answer->status == 409) return false;  // another was quicker
  if (answer->status != 201)
    return Error{"the Lease could not be made: HTTP " + std::to_string(answer->status)};
  return true;
}

Result<bool> Lease::write(const std::string& version, const std::string& holder,
                          std::int64_t turns) {
  auto answer = api_.request("PATCH", path_ + "/" + kName,
                             lease_json(version, holder, turns), kMergePatch);
  if (!answer) return answer.error();
  if (answer->status == 409) return false;
  if (answer->status != 200)
    return Error{"the Lease could not be renewed: HTTP " + std::to_string(answer->status)};
  return true;
}

Result<bool> Lease::hold(std::int64_t now_s) {
  ours_ = false;
  auto answer = api_.request("GET", path_ + "/" + kName);
  if (!answer) return answer.error();
  Result<bool> held = false;
  if (answer->status == 404) {
    held = create();
  } else if (answer->status != 200) {
    return Error{"the Lease could not be read: HTTP " + std::to_string(answer->status)};
  } else {
    auto lease = JsonText::parse(answer->body, "the Lease");
    if (!lease) return lease.error();
    std::string version(text_of(at(&lease->root(), {"metadata", "resourceVersion"})));
    std::string_view holder = text_of(at(&lease->root(), {"spec", "holderIdentity"}));
    if (version != seen_) {
      seen_ = version;
      seen_at_s_ = now_s;
    }
    bool mine = holder == holder_;
    if (!mine && !holder.empty() && now_s - seen_at_s_ < kDurationS) return false;
    auto turns = integer_of(at(&lease->root(), {"spec", "leaseTransitions"})).value_or(0);
    held = write(version, holder_, mine ? turns : turns + 1);
  }
  ours_ = held.ok() && *held;
  return held;
}

void Lease::release() {
  if (!ours_) return;
  auto answer = api_.request("GET", path_ + "/" + kName);
  if (!answer || answer->status != 200) return;
  auto lease = JsonText::parse(answer->body, "the Lease");
  if (!lease || text_of(at(&lease->root(), {"spec", "holderIdentity"})) != holder_) return;
  std::string version(text_of(at(&lease->root(), {"metadata", "resourceVersion"})));
  auto written = write(version, "", integer_of(at(&lease->root(), {"spec", "leaseTransitions"})).value_or(0));
  ours_ = !written.ok();
}

}  // namespace chaperone::injector
