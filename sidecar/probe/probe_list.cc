#include "sidecar/probe/probe_list.h"

#include <rapidjson/document.h>

#include <algorithm>

#include "proto-parsers/base/ascii.h"
#include "proto-parsers/base/json_depth.h"
#include "sidecar/probe/limits.h"

namespace chaperone::probe {

namespace {

using Json = rapidjson::Value;

constexpr std::size_t kDepthMax = 8;  // ours nests five deep
// From the first to the last of the sidecar's listeners (sidecar/capture/parameters.h): it is not
// asked about itself, and its own dials there would be taken for an agent's.
constexpr int kOwnPortFirst = 19001, kOwnPortLast = 19090;

std::string_view text(const Json& object, const char* key, std::string_view otherwise = {}) {
  auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsString()) return otherwise;
  return {found->value.GetString(), found->value.GetStringLength()};
}

const Json* object(const Json& parent, const char* key) {
  auto found = parent.FindMember(key);
  return found == parent.MemberEnd() || !found->value.IsObject() ? nullptr : &found->value;
}

// Printable ASCII: nothing that could end a line, or that an HTTP/1.1 server reads in its own way.
bool plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool read_port(const Json& handler, std::uint16_t& port) {
  auto found = handler.FindMember("port");
  if (found == handler.MemberEnd() || !found->value.IsInt()) return false;
  int number = found->value.GetInt();
  if (number < 1 || number > 65535 || (number >= kOwnPortFirst && number <= kOwnPortLast))
    return false;
  port = static_cast<std::uint16_t>(number);
  return true;
}

// As the kubelet asks: its headers, unless the pod names its own.
bool read_http(const Json& handler, Target& target) {
  std::string_view path = text(handler, "path", "/");
  if (!plain(path) || path.find(' ') != std::string_view::npos) return false;
  std::string host = "127.0.0.1:" + std::to_string(target.port), agent = "kube-probe/chaperone";
  std::string more;
  auto headers = handler.FindMember("httpHeaders");
  if (headers != handler.MemberEnd() && headers->value.IsArray()) {
    for (const Json& one : headers->value.GetArray()) {
      if (!one.IsObject()) return false;
      std::string_view name = text(one, "name"), value = text(one, "value");
      if (name.empty() || !plain(name) || !plain(value) ||
          name.find_first_of(" :") != std::string_view::npos)
        return false;
      if (equal_ignoring_case(name, "host"))
        host = value;
      else if (equal_ignoring_case(name, "user-agent"))
        agent = value;
      else if (!equal_ignoring_case(name, "connection") && !equal_ignoring_case(name, "content-length") &&
               !equal_ignoring_case(name, "transfer-encoding"))
        more += std::string(name) + ": " + std::string(value) + "\r\n";
    }
  }
  target.request = "GET " + std::string(path.starts_with('/') ? "" : "/") + std::string(path) +
                   " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: " + agent +
                   "\r\nAccept: */*\r\nConnection: close\r\n" + more + "\r\n";
  target.tls = equal_ignoring_case(text(handler, "scheme"), "https");
  return true;
}

bool read_handler(const Json& one, Target& target) {
  const Json* http = object(one, "httpGet");
  const Json* tcp = object(one, "tcpSocket");
  const Json* grpc = object(one, "grpc");
  const Json* handler = http ? http : tcp ? tcp : grpc;
  if (!handler || !text(*handler, "host").empty() || !read_port(*handler, target.port))
    return false;
  target.kind = http ? Kind::kHttp : tcp ? Kind::kTcp : Kind::kGrpc;
  if (http) return read_http(*http, target);
  if (!grpc) return true;
  target.service = text(*grpc, "service");
  return plain(target.service) && target.service.size() < 256;
}

bool read_target(const Json& one, Target& target) {
  if (!one.IsObject()) return false;
  target.path = text(one, "path");
  if (!target.path.starts_with('/') || !plain(target.path)) return false;
  target.timeout_ms = kTimeoutMsDefault;
  auto timeout = one.FindMember("timeoutSeconds");
  if (timeout != one.MemberEnd()) {
    if (!timeout->value.IsInt() || timeout->value.GetInt() < 1) return false;
    target.timeout_ms = std::min<std::uint64_t>(
        static_cast<std::uint64_t>(timeout->value.GetInt()) * 1000, kTimeoutMsMax);
  }
  return read_handler(one, target);
}

}  // namespace

Result<std::vector<Target>> parse_targets(std::string_view json) {
  rapidjson::Document document;
  bool fits = json.size() <= kListBytesMax && json_nests_within(json, kDepthMax);
  if (fits) document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  if (!fits || document.HasParseError() || !document.IsArray() || document.Size() > kProbesMax)
    return Error{"CHAPERONE_PROBES is no list of probes; the injector writes it, leave it alone"};
  std::vector<Target> targets;
  for (const Json& one : document.GetArray()) {
    Target target;
    if (!read_target(one, target))
      return Error{
          "CHAPERONE_PROBES: probe " + std::to_string(targets.size() + 1) +
          " cannot be made; it needs a path, a port that is not the sidecar's, and no host"};
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace chaperone::probe
