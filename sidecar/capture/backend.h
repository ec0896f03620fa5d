#pragma once
// Where the rules go: nf_tables through libnftables, or the iptables tools.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"
#include "sidecar/capture/foreign_rules.h"
#include "sidecar/capture/parameters.h"

namespace chaperone::capture {

class Backend {
 public:
  virtual ~Backend() = default;

  // "nft" or "iptables-nft" or "iptables-legacy", for messages.
  virtual std::string_view name() const = 0;

  // What the kernel lacks for this back end; empty: it will do. Changes nothing.
  virtual std::vector<std::string> missing_features() = 0;

  // The rules of others that would redirect traffic, or that apply() would wipe out.
  virtual Result<std::vector<ForeignRule>> foreign_rules() = 0;

  // Replaces our rules whole. `self_test_uid`: see nft_ruleset().
  virtual Result<void> apply(std::optional<std::uint32_t> self_test_uid) = 0;

  // The live tables are what apply() without a self-test meant; the error quotes the first
  // difference.
  virtual Result<void> compare_live() = 0;
};

// What --dry-run prints: the exact text that apply() would load.
std::string dry_run_text(bool nft, const Parameters& parameters);

std::unique_ptr<Backend> make_nft_backend(const Parameters& parameters);

// `variant`: "nft" or "legacy". Fails where its tools are not all installed or cannot run with our
// capabilities.
Result<std::unique_ptr<Backend>> make_iptables_backend(const Parameters& parameters,
                                                       std::string_view variant);

}  // namespace chaperone::capture
