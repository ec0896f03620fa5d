#include "sidecar/check.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "sidecar/policy/loader.h"

namespace chaperone {
namespace {

// One byte at least: an empty certificate, token or password is of no use to anybody.
void look(const std::string& path, const std::string& key, std::string& findings) {
  if (path.empty()) return;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file && file.peek() != std::ifstream::traits_type::eof()) return;
  const char* why = errno == 0 ? "it is empty" : std::strerror(errno);
  findings += path + ": " + key + " names this file and it cannot be used: " + why + "\n";
}

void look(const policy::Resource& resource, std::string& findings) {
  const std::string of = "resource " + resource.name + ": ";
  look(resource.ca_file, of + "tls.ca_file", findings);
  look(resource.credential.user_file, of + "credential.user_file", findings);
  look(resource.credential.password_file, of + "credential.password_file", findings);
  look(resource.credential.certificate_file, of + "credential.certificate_file", findings);
  look(resource.credential.key_file, of + "credential.key_file", findings);
}

}  // namespace

Result<void> check_named_files(const config::SidecarConfig& config) {
  std::string findings;
  if (!config.collector.url.empty()) {
    look(config.collector.ca_file, "collector.ca_file", findings);
    look(config.collector.token_file, "collector.token_file", findings);
  }
  auto policy = policy::load_policy(config.policy_file);
  if (!policy.ok()) findings += policy.error().message + "\n";
  else
    for (const policy::Resource& resource : (*policy)->resources()) look(resource, findings);
  if (findings.empty()) return {};
  findings.pop_back();
  return Error{findings};
}

}  // namespace chaperone
