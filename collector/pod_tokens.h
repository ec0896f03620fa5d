#pragma once
// Kubernetes' own tokens as writers' tokens: a pod's projected service-account token, bound to our
// audience and to that pod, signed by the API server. What it says of pod, namespace, service
// account and node is what its holder is vouched to be.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "collector/key_set.h"
#include "collector/tokens.h"

namespace chaperone::collector {

struct PodTokenTerms {
  std::string audience;
  std::vector<std::string> namespaces;  // whose pods may write
};

// Any thread.
class PodTokens {
 public:
  explicit PodTokens(PodTokenTerms terms) : terms_(std::move(terms)) {}

  // What the API server publishes; both replace what was before.
  void trust(KeySet keys, std::string issuer);
  // A token named a key that is not known: it may be new.
  bool wants_keys() const;

  // The writer's token: right to write, named "pod-UID", which stays through every renewal. Error:
  // why not, fit to be told to the holder.
  Result<std::shared_ptr<const Token>> judge(std::string_view text, std::int64_t now_s);

  // Has the form of one: three parts between dots.
  static bool looks_like_one(std::string_view text);

 private:
  const PodTokenTerms terms_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;
  std::string issuer_;
  bool wants_keys_ = true;
};

}  // namespace chaperone::collector
