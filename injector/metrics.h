#pragma once
// What the injector counts (docs/admission.md). No label comes from a pod.

#include <memory>
#include <string>

#include "injector/review.h"

namespace chaperone::injector {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  // `webhook`: "mutate", "validate", "guard/enforced" or "guard/others".
  void on_review(const std::string& webhook, const Answer& answer, double seconds);
  void set_certificate_expiry(double unix_seconds);
  void set_leader(bool leader);
  void on_keeper_error();
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaperone::injector
