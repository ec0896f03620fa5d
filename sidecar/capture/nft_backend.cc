#include "sidecar/capture/backend.h"
#include "sidecar/capture/kernel_features.h"
#include "sidecar/capture/legacy_tables.h"
#include "sidecar/capture/listing.h"
#include "sidecar/capture/nft_library.h"
#include "sidecar/capture/nft_ruleset.h"

namespace chaperone::capture {
namespace {

class NftBackend : public Backend {
 public:
  explicit NftBackend(const Parameters& parameters) : parameters_(parameters) {}

  std::string_view name() const override { return "nft"; }

  std::vector<std::string> missing_features() override {
    if (library_.try_out(nft_ruleset(parameters_)).ok()) return {};
    auto probe = [this](const std::string& rules) { return library_.try_out(rules).ok(); };
    std::vector<std::string> names = missing(nft_features(), probe);
    for (const std::string& device : parameters_.devices) {
      if (!probe(egress_probe(device))) names.push_back("egress hook on " + device);
    }
    return names;
  }

  Result<std::vector<ForeignRule>> foreign_rules() override {
    Result<std::string> listing = library_.run("list ruleset");
    if (!listing) return Error{"nf_tables cannot be listed: " + listing.error().message};
    std::vector<ForeignRule> found = foreign_in_nft(*listing);
    for (ForeignRule& rule : foreign_in_legacy_nat()) found.push_back(std::move(rule));
    return found;
  }

  Result<void> apply(std::optional<std::uint32_t> self_test_uid) override {
    Result<std::string> loaded = library_.run(nft_ruleset(parameters_, self_test_uid));
    if (!loaded) return Error{"nf_tables refused the rules: " + loaded.error().message};
    return {};
  }

  Result<void> compare_live() override {
    if (Result<std::string> made = library_.run(nft_dormant_intent(parameters_)); !made) {
      return Error{"a dormant copy of the rules cannot be made: " + made.error().message};
    }
    Result<std::string> intent = library_.run("list table inet chaperone_intent");
    Result<std::string> live = library_.run("list table inet chaperone");
    Result<std::string> removed = library_.run("delete table inet chaperone_intent");
    for (const auto* step : {&intent, &live, &removed}) {
      if (!step->ok()) return Error{"the live rules cannot be listed: " + step->error().message};
    }
    Result<void> same = compare_nft(*intent, *live, nft_ruleset(parameters_));
    if (!same || parameters_.devices.empty()) return same;
    Result<std::string> guard = library_.run("list table netdev chaperone_l2");
    if (!guard) return Error{"the layer-2 table is not there: " + guard.error().message};
    return compare_nft_l2(*guard, parameters_);
  }

 private:
  Parameters parameters_;
  NftLibrary library_;
};

}  // namespace

std::unique_ptr<Backend> make_nft_backend(const Parameters& parameters) {
  return std::make_unique<NftBackend>(parameters);
}

}  // namespace chaperone::capture
