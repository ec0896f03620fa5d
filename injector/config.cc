#include "injector/config.h"

#include <rapidjson/document.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "injector/json.h"
#include "injector/limits.h"

namespace chaperone::injector {

namespace {
// Reads an object by a table of its keys; collects what is wrong.
class Reader {
 public:
  Reader(const Json& object, std::string place, std::string& mistakes)
      : place_(std::move(place)), mistakes_(mistakes) {
    if (object.IsObject()) object_ = &object;
    else complain("", "must be an object");
  }
  ~Reader() {
    if (!object_) return;
    for (const auto& one : object_->GetObject()) {
      if (!known_.contains(one.name.GetString())) complain(one.name.GetString(), "is unknown");
    }
  }
  Reader(const Reader&) = delete;

  const Json* get(const char* key) {
    known_[key] = true;
    return member(object_, key);
  }
  void text(const char* key, std::string& out) {
    const Json* value = get(key);
    if (!value) return;
    if (!value->IsString()) return complain(key, "must be a string");
    out = text_of(value);
  }
  void flag(const char* key, bool& out) {
    const Json* value = get(key);
    if (!value) return;
    if (!value->IsBool()) return complain(key, "must be true or false");
    out = value->GetBool();
  }
  void id(const char* key, std::int64_t& out) {
    const Json* value = get(key);
    if (!value) return;
    auto number = integer_of(value);
    if (!number || *number < 1 || *number > 4'294'967'294)
      return complain(key, "must be a user or group number other than 0");
    out = *number;
  }
  void texts(const char* key, std::vector<std::string>& out) {
    each(key, [&](const Json& one, const std::string& place) {
      if (one.IsString()) out.emplace_back(text_of(&one));
      else mistakes_ += place + " must be a string\n";
    });
  }
  void raw_object(const char* key, std::string& out) {
    const Json* value = get(key);
    if (!value) return;
    if (!value->IsObject()) return complain(key, "must be an object");
    out = to_text(*value);
  }
  void each(const char* key, const std::function<void(const Json&, const std::string&)>& take) {
    const Json* value = get(key);
    if (!value) return;
    if (!value->IsArray()) return complain(key, "must be a list");
    std::size_t i = 0;
    for (const Json& one : value->GetArray())
      take(one, place_ + key + "[" + std::to_string(i++) + "]");
  }
  void complain(const std::string& key, const std::string& what) {
    mistakes_ += place_ + key + " " + what + "\n";
  }

 private:
  const Json* object_ = nullptr;
  std::string place_;
  std::string& mistakes_;
  std::map<std::string, bool, std::less<>> known_;
};

AgentPolicy read_policy(const Json& value, const std::string& place, std::string& mistakes) {
  AgentPolicy policy;
  Reader reader(value, place + ".", mistakes);
  reader.text("name", policy.name);
  reader.texts("namespaces", policy.namespaces);
  reader.texts("serviceAccounts", policy.service_accounts);
  reader.flag("default", policy.is_default);
  reader.flag("rootTier", policy.root_tier);
  reader.flag("inbound", policy.inbound);
  if (policy.name.empty()) reader.complain("name", "is needed");
  if (policy.namespaces.empty()) reader.complain("namespaces", "are needed");
  return policy;
}

void read_allowed(const Json* value, std::string& mistakes, Allowed& allowed) {
  if (!value) return;
  Reader reader(*value, "allowed.", mistakes);
  reader.texts("csiDrivers", allowed.csi_drivers);
  reader.texts("extendedResources", allowed.extended_resources);
  reader.texts("runtimeClasses", allowed.runtime_classes);
}

void read_admins(const Json* value, std::string& mistakes, Admins& admins) {
  if (!value) return;
  Reader reader(*value, "admins.", mistakes);
  admins.groups.clear();
  reader.texts("users", admins.users);
  reader.texts("groups", admins.groups);
}

void read_config(const Json& root, Config& config, std::string& mistakes) {
  Reader reader(root, "", mistakes);
  reader.text("namespace", config.own_namespace);
  reader.text("initImage", config.init_image);
  reader.text("sidecarImage", config.sidecar_image);
  reader.text("pullPolicy", config.pull_policy);
  reader.id("sidecarUid", config.sidecar_uid);
  reader.id("sidecarGid", config.sidecar_gid);
  reader.id("initUid", config.init_uid);
  reader.id("agentUid", config.agent_uid);
  reader.texts("resolvers", config.resolvers);
  reader.text("backend", config.backend);
  reader.text("spoolSizeLimit", config.spool_size_limit);
  reader.raw_object("initResources", config.init_resources);
  reader.raw_object("sidecarResources", config.sidecar_resources);
  reader.flag("scrapeAnnotations", config.scrape_annotations);
  reader.text("tokenAudience", config.token_audience);
  read_allowed(reader.get("allowed"), mistakes, config.allowed);
  read_admins(reader.get("admins"), mistakes, config.admins);
  reader.each("policies", [&](const Json& one, const std::string& place) {
    config.policies.push_back(read_policy(one, place, mistakes));
  });
  if (config.init_image.empty()) reader.complain("initImage", "is needed");
  if (config.sidecar_image.empty()) reader.complain("sidecarImage", "is needed");
  bool distinct = config.sidecar_uid != config.init_uid && config.sidecar_uid != config.agent_uid &&
                  config.init_uid != config.agent_uid;
  if (!distinct) reader.complain("sidecarUid", "initUid and agentUid must all be different");
}
}  // namespace

Result<Config> parse_config(std::string_view json, const std::string& file) {
  auto parsed = JsonText::parse(json, file);
  if (!parsed) return parsed.error();
  Config config;
  std::string mistakes;
  read_config(parsed->root(), config, mistakes);
  if (mistakes.empty()) return config;
  mistakes.pop_back();
  return Error{file + ": " + mistakes};
}

Result<Config> load_config(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kConfigBytesMax + 1, '\0');
  if (!in) return Error{"cannot read " + path + "; give the configuration with --config"};
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kConfigBytesMax) return Error{path + " is too long for a configuration"};
  return parse_config(text, path);
}

}  // namespace chaperone::injector
