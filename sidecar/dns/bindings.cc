#include "sidecar/dns/bindings.h"

#include <algorithm>

#include "sidecar/dns/limits.h"

namespace chaperone::dns {

void Bindings::make_room() {
  if (entries_.size() < kBindingsMax) return;
  entries_.erase(by_age_.front());
  by_age_.pop_front();
}

void Bindings::add(const AddressBytes& address, const std::string& name, std::uint64_t until_ms,
                   std::uint64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(address);
  if (found == entries_.end()) {
    make_room();
    by_age_.push_back(address);
    found = entries_.emplace(address, Entry{{}, std::prev(by_age_.end())}).first;
  } else {
    by_age_.splice(by_age_.end(), by_age_, found->second.age);
  }
  std::vector<Name>& names = found->second.names;
  std::erase_if(names, [now_ms](const Name& known) { return known.until_ms <= now_ms; });
  auto same = std::find_if(names.begin(), names.end(),
                           [&](const Name& known) { return known.name == name; });
  if (same != names.end()) {
    same->until_ms = std::max(same->until_ms, until_ms);
    return;
  }
  if (names.size() == kBindingNamesMax) {
    names.erase(std::min_element(names.begin(), names.end(), [](const Name& a, const Name& b) {
      return a.until_ms < b.until_ms;
    }));
  }
  names.push_back({name, until_ms});
}

std::vector<std::string> Bindings::names_of(const AddressBytes& address,
                                            std::uint64_t now_ms) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  auto found = entries_.find(address);
  if (found == entries_.end()) return names;
  for (const Name& known : found->second.names) {
    if (known.until_ms > now_ms) names.push_back(known.name);
  }
  return names;
}

std::size_t Bindings::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace chaperone::dns
