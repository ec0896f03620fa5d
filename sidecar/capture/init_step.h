#pragma once
// The whole init step, in order; main only reads flags and prints.

#include <functional>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"
#include "sidecar/capture/parameters.h"

namespace chaperone::capture {

enum class BackendChoice { Auto, Nft, Iptables, IptablesNft, IptablesLegacy };

struct InitOptions {
  Parameters parameters;
  BackendChoice backend = BackendChoice::Auto;
  bool guard_l2 = true;  // where the kernel can
};

// One line for the operator's log.
using Say = std::function<void(std::string_view line)>;

// Chooses the back end, refuses beside foreign rules, loads the rules and proves that they hold. On
// an Error the pod must not start; rules that were loaded by then stay, since they only close.
// Safe to run again.
Result<void> run_init_step(const InitOptions& options, const Say& say);

}  // namespace chaperone::capture
