#include "tests/unit/injector/apply_patch.h"

#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <stdexcept>

namespace chaperone::injector {

namespace {
using Value = rapidjson::Value;

void add(rapidjson::Document& document, const std::string& path, const Value& value) {
  auto& memory = document.GetAllocator();
  std::size_t slash = path.rfind('/');
  Value* parent = rapidjson::Pointer(path.substr(0, slash)).Get(document);
  if (!parent) throw std::runtime_error("nothing to add to: " + path);
  Value copy(value, memory);
  if (!parent->IsArray()) {
    rapidjson::Pointer(path).Set(document, copy);
    return;
  }
  auto index = static_cast<rapidjson::SizeType>(std::stoul(path.substr(slash + 1)));
  if (index > parent->Size()) throw std::runtime_error("beyond the end: " + path);
  parent->PushBack(copy, memory);
  for (auto i = parent->Size() - 1; i > index; --i) (*parent)[i].Swap((*parent)[i - 1]);
}
}  // namespace

void apply_patch(rapidjson::Document& document, const std::string& patch) {
  rapidjson::Document operations = document_of(patch);
  for (const Value& one : operations.GetArray()) {
    std::string name = one["op"].GetString(), path = one["path"].GetString();
    if (name == "add") {
      add(document, path, one["value"]);
      continue;
    }
    rapidjson::Pointer place(path);
    if (!place.Get(document)) throw std::runtime_error("nothing at " + path);
    if (name == "remove") place.Erase(document);
    else if (name == "replace") place.Set(document, Value(one["value"], document.GetAllocator()));
    else throw std::runtime_error("no such operation: " + name);
  }
}

rapidjson::Document document_of(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text);
  if (document.HasParseError()) throw std::runtime_error("no JSON: " + text);
  return document;
}

std::string text_of(const rapidjson::Document& document) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  return buffer.GetString();
}

bool is(const rapidjson::Value& value, const char* text) {
  return value.IsString() && std::string(value.GetString()) == text;
}
bool is(const rapidjson::Value& value, int number) {
  return value.IsInt() && value.GetInt() == number;
}
bool is(const rapidjson::Value& value, bool flag) {
  return value.IsBool() && value.GetBool() == flag;
}
bool same(const rapidjson::Document& left, const rapidjson::Document& right) {
  const rapidjson::Value& one = left;
  const rapidjson::Value& other = right;
  return one == other;
}

Config test_config() {
  auto config = parse_config(R"({
    "namespace": "chaperone",
    "initImage": "example.test/chaperone-init@sha256:0000",
    "sidecarImage": "example.test/chaperone-sidecar@sha256:1111",
    "resolvers": ["10.96.0.10"], "tokenAudience": "chaperone-collector",
    "initResources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    "sidecarResources": {"requests": {"cpu": "50m", "memory": "128Mi"},
                         "limits": {"memory": "128Mi"}},
    "allowed": {"csiDrivers": ["secrets-store.csi.k8s.io"],
                "extendedResources": ["nvidia.com/gpu"], "runtimeClasses": ["kata"]},
    "policies": [
      {"name": "reader", "namespaces": ["agents"], "default": true},
      {"name": "builder", "namespaces": ["agents"], "serviceAccounts": ["builder"],
       "rootTier": true}
    ]})",
                             "test");
  if (!config) throw std::runtime_error(config.error().message);
  return *config;
}

}  // namespace chaperone::injector
