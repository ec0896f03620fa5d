#include "injector/keeper.h"

#include <rapidjson/document.h>

#include <vector>

#include "injector/base64.h"
#include "injector/certificates.h"
#include "injector/json.h"
#include "injector/own_parts.h"

namespace chaperone::injector {

namespace {
constexpr const char* kKinds[] = {"mutatingwebhookconfigurations",
                                  "validatingwebhookconfigurations"};

std::string configuration_path(const char* kind, const std::string& name) {
  return "/apis/admissionregistration.k8s.io/v1/" + std::string(kind) + "/" + name;
}

Error unexpected(const std::string& what, const KubeAnswer& answer) {
  return Error{what + ": HTTP " + std::to_string(answer.status) +
               (answer.status == 403 ? "; does the chart's RBAC allow it?" : "")};
}

struct Webhook {
  std::string name, authorities;
};

std::vector<Webhook> webhooks_in(const Json& configuration) {
  std::vector<Webhook> all;
  const Json* list = member(&configuration, "webhooks");
  for (std::size_t i = 0; i < count_of(list); ++i) {
    const Json& one = (*list)[static_cast<rapidjson::SizeType>(i)];
    all.push_back({std::string(text_of(member(&one, "name"))),
                   from_base64(text_of(at(&one, {"clientConfig", "caBundle"})))});
  }
  return all;
}

CertificateState state_in(const Json& secret) {
  auto data = [&](const char* key) { return from_base64(text_of(at(&secret, {"data", key}))); };
  CertificateState state{data("ca.crt"),   data("tls.crt"),  data("tls.key"),
                         data("next.crt"), data("next.key"), 0};
  std::string since = data("since");
  state.since_s = std::strtoll(since.c_str(), nullptr, 10);
  return state;
}

std::string data_of(const CertificateState& state) {
  std::string out;
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"ca.crt", state.authorities},
           {"tls.crt", state.certificate},
           {"tls.key", state.key},
           {"next.crt", state.next_certificate},
           {"next.key", state.next_key},
           {"since", std::to_string(state.since_s)}})
    out += (out.empty() ? "" : ",") + in_quotes(key) + ":" + in_quotes(to_base64(value));
  return "{" + out + "}";
}
}  // namespace

struct Keeper::Live {
  std::string secret_version;  // "": there is no Secret yet
  CertificateState state;
  std::vector<std::pair<const char*, std::vector<Webhook>>> configurations;

  bool carries(const std::string& authorities) const {
    for (const auto& [kind, webhooks] : configurations) {
      for (const Webhook& one : webhooks)
        if (one.authorities != authorities) return false;
    }
    return true;
  }
  bool trusts(const std::string& certificate, const std::string& name, std::int64_t now_s) const {
    for (const auto& [kind, webhooks] : configurations) {
      for (const Webhook& one : webhooks)
        if (!verifies(one.authorities, certificate, name, now_s)) return false;
    }
    return !configurations.empty();
  }
};

Keeper::Keeper(KubeApi& api, KeeperTerms terms, TlsKey& key, Metrics& metrics)
    : api_(api),
      terms_(std::move(terms)),
      key_(key),
      metrics_(metrics),
      lease_(api, terms_.namespace_name, terms_.identity) {}

Result<Keeper::Live> Keeper::read_live() {
  Live live;
  auto answer = api_.request(
      "GET", "/api/v1/namespaces/" + terms_.namespace_name + "/secrets/" + terms_.secret);
  if (!answer) return answer.error();
  if (answer->status == 200) {
    auto secret = JsonText::parse(answer->body, "the Secret");
    if (!secret) return secret.error();
    live.secret_version = text_of(at(&secret->root(), {"metadata", "resourceVersion"}));
    live.state = state_in(secret->root());
  } else if (answer->status != 404) {
    return unexpected("the Secret " + terms_.secret + " could not be read", *answer);
  }
  for (const char* kind : kKinds) {
    auto found = api_.request("GET", configuration_path(kind, terms_.webhooks));
    if (!found) return found.error();
    if (found->status == 404) continue;
    if (found->status != 200)
      return unexpected(configuration_path(kind, terms_.webhooks) + " could not be read", *found);
    auto configuration = JsonText::parse(found->body, "the webhook configuration");
    if (!configuration) return configuration.error();
    live.configurations.emplace_back(kind, webhooks_in(configuration->root()));
  }
  return live;
}

Result<void> Keeper::write_secret(const std::string& version, const CertificateState& state) {
  std::string path = "/api/v1/namespaces/" + terms_.namespace_name + "/secrets";
  std::string body = R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":)" +
                     in_quotes(terms_.secret) +
                     (version.empty() ? "" : R"(,"resourceVersion":)" + in_quotes(version)) +
                     R"(},"data":)" + data_of(state) + "}";
  // A merge, so that what others keep on the Secret stays; the version makes it the one we read.
  auto answer = version.empty()
                    ? api_.request("POST", path, body)
                    : api_.request("PATCH", path + "/" + terms_.secret, body, kMergePatch);
  if (!answer) return answer.error();
  if (answer->status == 200 || answer->status == 201) return {};
  return unexpected("the Secret " + terms_.secret + " could not be written", *answer);
}

Result<void> Keeper::publish(const Live& live, const std::string& authorities) {
  for (const auto& [kind, webhooks] : live.configurations) {
    std::string operations;
    for (std::size_t i = 0; i < webhooks.size(); ++i) {
      if (webhooks[i].authorities == authorities) continue;
      std::string place = "/webhooks/" + std::to_string(i);
      // Somebody may have put a webhook in between since we looked.
      operations += (operations.empty() ? "" : ",") + std::string(R"({"op":"test","path":")") +
                    place + R"(/name","value":)" + in_quotes(webhooks[i].name) +
                    R"(},{"op":"add","path":")" + place + R"(/clientConfig/caBundle","value":)" +
                    in_quotes(to_base64(authorities)) + "}";
    }
    if (operations.empty()) continue;
    auto answer = api_.request(
        "PATCH", configuration_path(kind, terms_.webhooks) + "?fieldManager=chaperone-injector",
        "[" + operations + "]", "application/json-patch+json");
    if (!answer) return answer.error();
    if (answer->status != 200) return unexpected(std::string(kind) + " could not be written", *answer);
  }
  return {};
}

Result<void> Keeper::rotate(Live& live, std::int64_t wall_s) {
  bool published = !live.configurations.empty() && live.carries(live.state.authorities);
  auto next = next_state(live.state, published, terms_.rotation, wall_s);
  if (!next) return next.error();
  if (next->has_value()) {
    auto written = write_secret(live.secret_version, **next);
    if (!written) return written;
    live.state = **next;
  }
  return publish(live, live.state.authorities);
}

Result<void> Keeper::look(std::int64_t wall_s, std::int64_t steady_s) {
  auto ours = lease_.hold(steady_s);
  if (!ours) return ours.error();
  metrics_.set_leader(*ours);
  auto live = read_live();
  if (!live) return live.error();
  if (*ours) {
    auto rotated = rotate(*live, wall_s);
    if (!rotated) return rotated;
    live = read_live();
    if (!live) return live.error();
  }
  if (live->state.key.empty()) return {};
  auto loaded = key_.load(live->state.certificate, live->state.key);
  if (!loaded) return loaded;
  if (auto validity = validity_of(live->state.certificate))
    metrics_.set_certificate_expiry(static_cast<double>(validity->until_s));
  ready_ = live->trusts(live->state.certificate, terms_.rotation.names.front(), wall_s);
  return {};
}

}  // namespace chaperone::injector
