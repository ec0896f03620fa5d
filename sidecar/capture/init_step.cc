#include "sidecar/capture/init_step.h"

#include <unistd.h>

#include "sidecar/capture/backend.h"
#include "sidecar/capture/capabilities.h"
#include "sidecar/capture/devices.h"
#include "sidecar/capture/kernel_features.h"
#include "sidecar/capture/nft_library.h"
#include "sidecar/capture/self_test.h"
#include "sidecar/capture/text_template.h"
#include "sidecar/capture/user_ids.h"

namespace chaperone::capture {
namespace {

using Made = Result<std::unique_ptr<Backend>>;

Made make(BackendChoice choice, const Parameters& parameters) {
  if (choice == BackendChoice::Nft) return make_nft_backend(parameters);
  return make_iptables_backend(parameters, choice == BackendChoice::IptablesNft ? "nft" : "legacy");
}

// In the order in which they are tried.
std::vector<BackendChoice> candidates(BackendChoice choice) {
  using enum BackendChoice;
  if (choice == Auto) return {Nft, IptablesNft, IptablesLegacy};
  if (choice == Iptables) return {IptablesNft, IptablesLegacy};
  return {choice};
}

// A back end that the kernel carries, or why not.
Made usable(BackendChoice choice, const Parameters& parameters) {
  Made made = make(choice, parameters);
  if (!made) return made;
  std::vector<std::string> lacks = (*made)->missing_features();
  if (lacks.empty()) return made;
  return Error{"back end " + std::string((*made)->name()) + ": this kernel lacks " +
               join(lacks, "; ") + ". Load the modules on the node, or choose another --backend"};
}

Made choose(BackendChoice choice, const Parameters& parameters, const Say& say) {
  std::vector<BackendChoice> several = candidates(choice);
  std::string reasons;
  for (BackendChoice one : several) {
    Made made = usable(one, parameters);
    if (several.size() == 1) return made;
    if (made) {
      say("back end " + std::string((*made)->name()) + " (chosen)");
      return made;
    }
    say("passed over: " + made.error().message);
    reasons += "\n  " + made.error().message;
  }
  return Error{"no back end can hold the rules on this node:" + reasons};
}

// Devices to guard against packet sockets: those given, else all; none where the kernel cannot.
void choose_devices(Parameters& parameters, bool guard_l2, const Say& say) {
  if (parameters.devices.empty()) parameters.devices = active_devices();
  NftLibrary nft;
  for (const std::string& device : parameters.devices) {
    if (guard_l2 && nft.try_out(egress_probe(device)).ok()) continue;
    say("warning: no layer-2 guard (" +
        std::string(guard_l2 ? "the kernel has no egress hook on " + device : "switched off") +
        "); an agent with NET_RAW could send frames past the rules, so it must not have it");
    parameters.devices.clear();
    return;
  }
  if (parameters.devices.empty()) {
    return say(
        "warning: no layer-2 guard (this pod has no device that is up besides loopback); one "
        "that comes later is not guarded");
  }
  say("layer-2 guard on " + join(parameters.devices, ", ") +
      "; AF_XDP sockets go beneath it, so the agent must not have NET_RAW all the same");
}

Result<void> refuse_foreign(Backend& backend) {
  Result<std::vector<ForeignRule>> foreign = backend.foreign_rules();
  if (!foreign) return foreign.error();
  if (foreign->empty()) return {};
  return Error{refusal(*foreign)};
}

// Rules for the trial, trial, rules as they stay, trial, comparison.
Result<void> load_and_prove(Backend& backend, SelfTest& test) {
  if (Result<void> loaded = backend.apply(getuid()); !loaded) return loaded;
  Result<void> redirected = test.redirected();
  if (Result<void> loaded = backend.apply(std::nullopt); !loaded) return loaded;
  if (!redirected) return redirected;
  if (Result<void> same = backend.compare_live(); !same) return same;
  return test.refused();
}

Result<void> check_own_identity(const Parameters& parameters) {
  if (getuid() != parameters.sidecar_uid) return {};
  return Error{
      "the init step runs as the sidecar's own UID " + std::to_string(getuid()) +
      ", whose traffic is exempt, so it could prove nothing; run it as another, such as 65532"};
}

}  // namespace

Result<void> run_init_step(const InitOptions& options, const Say& say) {
  Parameters parameters = options.parameters;
  parameters.last_uid = last_uid_here();
  for (Result<void> step : {check(parameters), check_own_identity(parameters), require_net_admin(),
                            check_devices(parameters.devices)}) {
    if (!step) return step;
  }
  const bool nft = options.backend == BackendChoice::Auto || options.backend == BackendChoice::Nft;
  if (nft) choose_devices(parameters, options.guard_l2, say);
  if (Result<void> valid = check(parameters); !valid) return valid;
  Made backend = choose(options.backend, parameters, say);
  if (!backend) return backend.error();
  if (Result<void> alone = refuse_foreign(**backend); !alone) return alone;
  Result<SelfTest> test = SelfTest::prepare(parameters);
  if (!test) return test.error();
  Result<void> proved = load_and_prove(**backend, *test);
  if (!proved) return proved;
  for (const std::string& note : test->notes()) say("warning: " + note);
  say("rules loaded and proved (back end " + std::string((*backend)->name()) + ", sidecar " +
      std::to_string(parameters.sidecar_uid) + ":" + std::to_string(parameters.sidecar_gid) + ")");
  return {};
}

}  // namespace chaperone::capture
