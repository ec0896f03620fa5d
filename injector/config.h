#pragma once
// What the operator says; nothing here may come from a pod. A JSON file (the chart renders it),
// checked whole: an unknown key or a wrong type is an error that names it (docs/admission.md).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::injector {

// A policy that pods may name, and where. Its ConfigMap `chaperone-policy-NAME` and Secret
// `chaperone-credentials-NAME` are in the pod's namespace and mounted into the sidecar alone.
struct AgentPolicy {
  std::string name;
  std::vector<std::string> namespaces;        // exact names
  std::vector<std::string> service_accounts;  // empty: every one of those namespaces
  bool is_default = false;                    // for pods that name none
  bool root_tier = false;                     // agents may be UID 0, without any dangerous right
  bool inbound = false;                       // the pod's declared ports are open from outside
};

struct Allowed {
  std::vector<std::string> csi_drivers;         // inline CSI volumes
  std::vector<std::string> extended_resources;  // "nvidia.com/gpu": devices that cannot reach out
  std::vector<std::string> runtime_classes;     // whose kernel takes the init step's rules
};

// Who may do what /guard forbids: change labels of namespaces, and what sidecars read.
struct Admins {
  std::vector<std::string> users, groups = {"system:masters"};
};

struct Config {
  std::string own_namespace = "chaperone";
  std::string init_image, sidecar_image;
  std::string pull_policy = "IfNotPresent";
  std::int64_t sidecar_uid = 19337, sidecar_gid = 19337, init_uid = 19336, agent_uid = 10001;
  std::vector<std::string> resolvers;                  // addresses that the sidecar may ask
  std::string backend = "auto";                        // chaperone-init --backend
  std::string spool_size_limit = "2Gi";                // of the spool's volume
  std::string init_resources, sidecar_resources;       // JSON text of a ResourceRequirements
  bool scrape_annotations = false;                     // prometheus.io/*
  // Of the token by which a sidecar shows the collector which pod it is in; empty: the one in Secret
  // chaperone-collector, which all pods of a namespace share.
  std::string token_audience;
  Allowed allowed;
  Admins admins;
  std::vector<AgentPolicy> policies;
};

// Error: every mistake, one a line, each with its place.
Result<Config> parse_config(std::string_view json, const std::string& file);
Result<Config> load_config(const std::string& path);

}  // namespace chaperone::injector
