#pragma once
// What the injector took out of the pod's containers: the probes and hooks that the kubelet would
// have made over the network, which now ask the sidecar to make them on loopback.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::probe {

enum class Kind : std::uint8_t { kTcp, kHttp, kGrpc };

struct Target {
  std::string path;  // by which the kubelet asks for it: "/web/livenessProbe"
  Kind kind = Kind::kTcp;
  std::uint16_t port = 0;
  bool tls = false;     // kHttp: without looking at the certificate, as the kubelet does
  std::string request;  // kHttp: all of it
  std::string service;  // kGrpc: of grpc.health.v1; may be empty
  std::uint64_t timeout_ms = 0;
};

// `json`: an array, each {"path", "timeoutSeconds", and one of "httpGet", "tcpSocket" and "grpc" as
// in a pod with a port in numbers}. The pod's author wrote most of it: a host, one of the sidecar's
// own ports, or a byte that would end a header is an error that names the probe.
Result<std::vector<Target>> parse_targets(std::string_view json);

}  // namespace chaperone::probe
