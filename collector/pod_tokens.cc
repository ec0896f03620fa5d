#include "collector/pod_tokens.h"

#include <rapidjson/document.h>

#include <algorithm>

#include "collector/limits.h"

namespace chaperone::collector {

namespace {
// Clocks of API server and collector differ a little.
constexpr std::int64_t kClockSkewS = 30;

struct Parts {
  std::string_view header, claims, signature, signed_text;
};

Parts parts_of(std::string_view text) {
  auto first = text.find('.'), last = text.rfind('.');
  if (first == std::string_view::npos || first == last) return {};
  return {text.substr(0, first), text.substr(first + 1, last - first - 1), text.substr(last + 1),
          text.substr(0, last)};
}

bool parse(std::string_view part, rapidjson::Document& json) {
  std::string text = from_base64url(part);
  json.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  return !json.HasParseError() && json.IsObject();
}

const rapidjson::Value* at(const rapidjson::Value& object, std::initializer_list<const char*> keys) {
  const rapidjson::Value* value = &object;
  for (const char* key : keys) {
    if (!value->IsObject()) return nullptr;
    auto found = value->FindMember(key);
    if (found == value->MemberEnd()) return nullptr;
    value = &found->value;
  }
  return value;
}

std::string text_at(const rapidjson::Value& object, std::initializer_list<const char*> keys) {
  const rapidjson::Value* value = at(object, keys);
  if (!value || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

std::int64_t time_at(const rapidjson::Value& object, const char* key, std::int64_t absent) {
  const rapidjson::Value* value = at(object, {key});
  return value && value->IsInt64() ? value->GetInt64() : absent;
}

bool is_for(const rapidjson::Value& claims, const std::string& audience) {
  const rapidjson::Value* value = at(claims, {"aud"});
  if (!value) return false;
  if (value->IsString()) return value->GetString() == audience;
  auto same = [&](const rapidjson::Value& one) { return one.IsString() && one.GetString() == audience; };
  return value->IsArray() && std::any_of(value->Begin(), value->End(), same);
}

// Kubernetes' claims, which records must agree with (audit/FORMAT.md has the names).
std::shared_ptr<const Token> token_of(const rapidjson::Value& claims, std::string_view text) {
  auto token = std::make_shared<Token>();
  std::string uid = text_at(claims, {"kubernetes.io", "pod", "uid"});
  token->rights = static_cast<std::uint8_t>(Right::kWrite);
  token->hash = audit::sha256(as_bytes(text));
  token->claims = {
      {"pod", text_at(claims, {"kubernetes.io", "pod", "name"})},
      {"namespace", text_at(claims, {"kubernetes.io", "namespace"})},
      {"service_account", text_at(claims, {"kubernetes.io", "serviceaccount", "name"})},
      {"node", text_at(claims, {"kubernetes.io", "node", "name"})}};
  std::erase_if(token->claims, [](const auto& claim) { return claim.second.empty(); });
  if (uid.empty() || !token->claims.contains("pod")) return nullptr;
  token->name = "pod-" + uid;
  return token;
}
}  // namespace

bool PodTokens::looks_like_one(std::string_view text) {
  return text.size() <= kPodTokenBytesMax && std::count(text.begin(), text.end(), '.') == 2;
}

void PodTokens::trust(KeySet keys, std::string issuer) {
  std::lock_guard lock(mutex_);
  keys_ = std::make_shared<const KeySet>(std::move(keys));
  issuer_ = std::move(issuer);
  wants_keys_ = false;
}

bool PodTokens::wants_keys() const {
  std::lock_guard lock(mutex_);
  return wants_keys_;
}

Result<std::shared_ptr<const Token>> PodTokens::judge(std::string_view text, std::int64_t now_s) {
  std::shared_ptr<const KeySet> keys;
  std::string issuer;
  {
    std::lock_guard lock(mutex_);
    keys = keys_, issuer = issuer_;
  }
  Parts parts = parts_of(text);
  rapidjson::Document header, claims;
  if (!keys) return Error{"the API server's keys are not known yet"};
  if (!looks_like_one(text) || !parse(parts.header, header) || !parse(parts.claims, claims))
    return Error{"this is no service-account token"};
  std::string key = text_at(header, {"kid"});
  if (!keys->has(key)) {
    std::lock_guard lock(mutex_);
    wants_keys_ = true;
    return Error{"the token's key is not one of the API server's"};
  }
  if (!keys->verify(key, text_at(header, {"alg"}), parts.signed_text, from_base64url(parts.signature)))
    return Error{"the token's signature is wrong"};
  if (text_at(claims, {"iss"}) != issuer) return Error{"the token is another issuer's"};
  if (!is_for(claims, terms_.audience)) return Error{"the token is for another audience"};
  if (time_at(claims, "exp", 0) + kClockSkewS <= now_s) return Error{"the token has expired"};
  if (time_at(claims, "nbf", 0) > now_s + kClockSkewS) return Error{"the token is not valid yet"};
  std::string where = text_at(claims, {"kubernetes.io", "namespace"});
  if (std::find(terms_.namespaces.begin(), terms_.namespaces.end(), where) == terms_.namespaces.end())
    return Error{"pods of namespace \"" + where + "\" do not write here"};
  auto token = token_of(claims, text);
  if (!token) return Error{"the token is bound to no pod"};
  return token;
}

}  // namespace chaperone::collector
