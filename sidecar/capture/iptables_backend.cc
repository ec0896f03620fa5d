#include "sidecar/capture/backend.h"
#include "sidecar/capture/capabilities.h"
#include "sidecar/capture/devices.h"
#include "sidecar/capture/helper_process.h"
#include "sidecar/capture/iptables_ruleset.h"
#include "sidecar/capture/kernel_features.h"
#include "sidecar/capture/legacy_tables.h"
#include "sidecar/capture/lines.h"
#include "sidecar/capture/listing.h"
#include "sidecar/capture/nft_library.h"
#include "sidecar/capture/nft_ruleset.h"

namespace chaperone::capture {
namespace {

// The tools of one variant: "iptables-nft-restore", "ip6tables-nft-save" and so on.
struct Tools {
  std::string variant;  // "iptables-nft"
  std::string restore4, restore6, save4, save6;
};

bool complete(const Tools& tools) {
  return !tools.restore4.empty() && !tools.restore6.empty() && !tools.save4.empty() &&
         !tools.save6.empty();
}

Tools find_tools(const std::string& variant) {
  return {"iptables-" + variant, find_helper({"iptables-" + variant + "-restore"}),
          find_helper({"ip6tables-" + variant + "-restore"}),
          find_helper({"iptables-" + variant + "-save"}),
          find_helper({"ip6tables-" + variant + "-save"})};
}

bool is_iptables_table(std::string_view table) {
  for (std::string_view family : {"ip ", "ip6 "}) {
    for (std::string_view name : {"filter", "mangle", "raw", "nat", "security"}) {
      if (table == "table " + std::string(family) + std::string(name)) return true;
    }
  }
  return false;
}

class IptablesBackend : public Backend {
 public:
  IptablesBackend(const Parameters& parameters, Tools tools)
      : parameters_(parameters), tools_(std::move(tools)) {
    // IPv6 first: where it fails, nothing has been promised for IPv4 either.
    if (kernel_has_ipv6()) families_.push_back(Family::V6);
    families_.push_back(Family::V4);
  }

  std::string_view name() const override { return tools_.variant; }

  std::vector<std::string> missing_features() override {
    std::vector<std::string> names;
    for (Family family : families_) {
      auto probe = [&](const std::string& rules) { return restore(family, rules, true).ok(); };
      if (probe(iptables_ruleset(parameters_, family))) continue;
      for (const std::string& name : missing(iptables_features(family), probe)) {
        names.push_back((family == Family::V6 ? "ip6tables " : "iptables ") + name);
      }
    }
    return names;
  }

  Result<std::vector<ForeignRule>> foreign_rules() override {
    std::vector<ForeignRule> found;
    for (Family family : families_) {
      Result<std::string> listing = save(family);
      if (!listing) return listing.error();
      std::string tool = (family == Family::V6 ? "ip6" : "ip") + tools_.variant.substr(2);
      for (ForeignRule& rule : foreign_in_iptables(tool, *listing))
        found.push_back(std::move(rule));
    }
    const bool legacy = tools_.variant == "iptables-legacy";
    add_nft(legacy, found);
    if (!legacy) {
      for (ForeignRule& rule : foreign_in_legacy_nat()) found.push_back(std::move(rule));
    }
    return found;
  }

  Result<void> apply(std::optional<std::uint32_t> self_test_uid) override {
    for (Family family : families_) {
      Result<std::string> loaded =
          restore(family, iptables_ruleset(parameters_, family, self_test_uid), false);
      if (!loaded) return loaded.error();
    }
    return {};
  }

  Result<void> compare_live() override {
    for (Family family : families_) {
      Result<std::string> live = save(family);
      if (!live) return live.error();
      Result<void> same = compare_iptables(iptables_ruleset(parameters_, family), *live);
      if (!same) return same;
    }
    return {};
  }

 private:
  // The tables of iptables-nft are nf_tables too: its own -save has shown them already.
  static void add_nft(bool legacy, std::vector<ForeignRule>& found) {
    NftLibrary nft;
    Result<std::string> tables = nft.run("list tables");
    if (!tables) return;  // no nf_tables in this kernel
    for (std::string_view table : lines_of(*tables)) {
      if (!legacy && is_iptables_table(table)) continue;
      if (table == "table inet " + std::string(kNftTable)) {
        found.push_back({"nft", std::string(table) + ", of an earlier run with the nft back end", true});
      }
      Result<std::string> listing = nft.run("list " + std::string(table));
      if (!listing) continue;  // gone since
      for (ForeignRule& rule : foreign_in_nft(*listing)) found.push_back(std::move(rule));
    }
  }

  Result<std::string> run(const std::string& tool, const std::vector<std::string>& arguments,
                          std::string_view input) const {
    Result<HelperOutcome> outcome = run_helper(tool, arguments, input);
    if (!outcome) return outcome.error();
    if (outcome->exit_code == 0) return outcome->out;
    return Error{tool + " failed: " + std::string(trimmed(outcome->err))};
  }

  Result<std::string> restore(Family family, const std::string& rules, bool only_test) const {
    std::vector<std::string> arguments;
    if (only_test) arguments.emplace_back("--test");
    return run(family == Family::V6 ? tools_.restore6 : tools_.restore4, arguments, rules);
  }

  // Table by table: the list of tables can be read by root alone.
  Result<std::string> save(Family family) const {
    std::string all;
    for (const char* table : {"filter", "mangle", "raw", "nat"}) {
      Result<std::string> one =
          run(family == Family::V6 ? tools_.save6 : tools_.save4, {"-t", table}, "");
      if (!one) return one;
      all += *one;
    }
    return all;
  }

  Parameters parameters_;
  Tools tools_;
  std::vector<Family> families_;
};

}  // namespace

Result<std::unique_ptr<Backend>> make_iptables_backend(const Parameters& parameters,
                                                       std::string_view variant) {
  Tools tools = find_tools(std::string(variant));
  if (!complete(tools)) {
    return Error{"back end " + tools.variant +
                 ": its -restore and -save, for both families, are "
                 "not all installed in /usr/sbin"};
  }
  if (variant == "legacy" && !has_net_raw()) {
    return Error{
        "back end iptables-legacy: it opens a raw socket and so needs NET_RAW beside "
        "NET_ADMIN, as a file capability too; or use iptables-nft, which does not"};
  }
  if (Result<void> raised = raise_ambient(); !raised) return raised.error();
  std::unique_ptr<Backend> backend =
      std::make_unique<IptablesBackend>(parameters, std::move(tools));
  return backend;
}

}  // namespace chaperone::capture
