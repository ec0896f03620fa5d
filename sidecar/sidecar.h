#pragma once
// The running sidecar: everything wired together, from a checked configuration to a drained end.

#include <memory>
#include <string>

#include "proto-parsers/base/result.h"
#include "sidecar/config/sidecar_config.h"

namespace chaperone {

class Sidecar {
 public:
  // Opens whatever must be there before the first connection: policy, keys, spool, listeners.
  // Error: the whole of what is wrong, with the next step.
  static Result<std::unique_ptr<Sidecar>> start(config::SidecarConfig config);
  ~Sidecar();
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;

  // Serves until SIGTERM or SIGINT and a drain; the process's exit code.
  int run();

 private:
  struct State;
  explicit Sidecar(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace chaperone
