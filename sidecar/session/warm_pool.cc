#include "sidecar/session/warm_pool.h"

#include <algorithm>

#include "sidecar/session/credential.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {
namespace {

// Distinct logins kept warm at once; an agent that dials with ever new settings gains nothing.
constexpr std::size_t kShelvesMax = 32;
// As many full shelves as one resource may have: its databases and roles, and not their settings.
constexpr std::size_t kShelvesFullMax = 4;
// A login that the server refused is not worth repeating at once.
constexpr std::uint64_t kRetryMs = 5000;

}  // namespace

WarmPool::WarmPool(Worker& worker) : worker_(worker) {}
WarmPool::~WarmPool() = default;

std::unique_ptr<PostgresUpstream> WarmPool::take(const UpstreamPlanPtr& plan) {
  const policy::Resource& resource = *plan->resource;
  if (resource.warm == policy::Warm::kOff || !plan->replication.empty()) return nullptr;
  std::string key = plan->key();
  std::uint64_t now_ms = worker_.loop.now_ms();
  auto found = shelves_.find(key);
  if (found == shelves_.end()) {
    if (shelves_.size() >= kShelvesMax) {
      auto oldest = shelves_.begin();
      for (auto at = shelves_.begin(); at != shelves_.end(); ++at) {
        if (at->second.used_ms < oldest->second.used_ms) oldest = at;
      }
      for (Slot& slot : oldest->second.slots) discard(std::move(slot.upstream));
      shelves_.erase(oldest);
    }
    found = shelves_.emplace(key, Shelf{plan, {}, 0, now_ms, 0}).first;
  }
  Shelf& shelf = found->second;
  shelf.used_ms = now_ms;
  shelf.gave_way = false;
  std::string version = credential_version(resource.credential);
  std::unique_ptr<PostgresUpstream> taken;
  for (auto at = shelf.slots.begin(); at != shelf.slots.end() && !taken;) {
    if (!at->ready) {
      ++at;
      continue;
    }
    bool good = at->upstream->usable() && !stale(*at->upstream, shelf, version, now_ms);
    if (good) taken = std::move(at->upstream);
    else discard(std::move(at->upstream));
    at = shelf.slots.erase(at);
  }
  ++(taken ? worker_.metrics.warm_hits : worker_.metrics.warm_misses);
  // To log in takes the server's time and ours just when a session begins: the sweep sees to it, as
  // long as enough are left until then.
  if (shelf.size() < (ahead(resource) + 1) / 2) fill(shelf);
  return taken;
}

void WarmPool::give_back(std::unique_ptr<PostgresUpstream> upstream) {
  ++worker_.metrics.warm_returned;
  auto shelf = wanted(*upstream);
  if (shelf == shelves_.end()) {
    ++worker_.metrics.warm_closed;
    return discard(std::move(upstream));
  }
  ++shelf->second.cleaning;
  cleaning_.push_back(std::make_unique<WarmCleaning>(
      std::move(upstream), worker_.loop.now_ms(),
      [this](WarmCleaning& cleaning, std::unique_ptr<PostgresUpstream> cleaned, bool clean) {
        this->cleaned(cleaning, std::move(cleaned), clean);
      }));
}

// Where a connection belongs whose session left no state; end() where it is not to be kept.
WarmPool::Shelves::iterator WarmPool::wanted(const PostgresUpstream& upstream) {
  const UpstreamPlan& plan = upstream.plan();
  auto shelf = shelves_.find(plan.key());
  bool kept = plan.resource->warm == policy::Warm::kReuse && upstream.usable() &&
              !worker_.draining && plan.policy == worker_.policy && shelf != shelves_.end() &&
              shelf->second.size() < plan.resource->warm_max &&
              !stale(upstream, shelf->second, credential_version(plan.resource->credential),
                     worker_.loop.now_ms());
  return kept ? shelf : shelves_.end();
}

void WarmPool::cleaned(WarmCleaning& cleaning, std::unique_ptr<PostgresUpstream> upstream,
                       bool clean) {
  // It may have given up its place since: a shelf of the same key may be another one.
  auto of_key = shelves_.find(cleaning.key());
  if (of_key != shelves_.end() && of_key->second.cleaning > 0) --of_key->second.cleaning;
  auto shelf = clean ? wanted(*upstream) : shelves_.end();
  ++(shelf != shelves_.end() ? worker_.metrics.warm_kept : worker_.metrics.warm_closed);
  if (shelf == shelves_.end()) discard(std::move(upstream));
  else shelf->second.slots.push_back({std::move(upstream), true});
  auto done = std::find_if(cleaning_.begin(), cleaning_.end(),
                           [&](const auto& one) { return one.get() == &cleaning; });
  if (done == cleaning_.end()) return;
  std::shared_ptr<WarmCleaning> dying = std::move(*done);  // which is still on its way out of here
  cleaning_.erase(done);
  worker_.loop.soon([dying] {});
}

// `fresh`: as many ready as are allowed. `reuse`: one, where there is room for another that comes
// back; else each login ahead of need would take the place of a connection that is there.
std::size_t WarmPool::ahead(const policy::Resource& resource) {
  if (resource.warm != policy::Warm::kReuse) return resource.warm_max;
  return resource.warm_max > 1 ? 1 : 0;
}

void WarmPool::fill(Shelf& shelf) {
  std::uint64_t now_ms = worker_.loop.now_ms();
  if (now_ms < shelf.retry_ms || worker_.draining) return;
  make_room(shelf);
  while (shelf.size() < ahead(*shelf.plan->resource)) {
    Slot& slot = shelf.slots.emplace_back();
    slot.upstream = std::make_unique<PostgresUpstream>(worker_, shelf.plan);
    slot.upstream->open([this, key = shelf.plan->key(), upstream = slot.upstream.get()](
                            const UpstreamFailure* failure) { opened(key, upstream, failure); });
  }
}

// Settings that a client brings along make shelves of their own, and it may bring ever new ones:
// what one resource has ready in all is bounded too, and the shelf that waited longest makes room. It
// stays empty until it is asked for: two that gave way to each other would log in without end.
void WarmPool::make_room(const Shelf& shelf) {
  const policy::Resource& resource = *shelf.plan->resource;
  std::size_t most = kShelvesFullMax * resource.warm_max;
  while (true) {
    std::size_t held = 0;
    auto oldest = shelves_.end();
    for (auto at = shelves_.begin(); at != shelves_.end(); ++at) {
      if (at->second.plan->resource->name != resource.name) continue;
      held += at->second.size();
      bool other = &at->second != &shelf && !at->second.slots.empty();
      bool older = oldest == shelves_.end() || at->second.used_ms < oldest->second.used_ms;
      if (other && older) oldest = at;
    }
    if (held + ahead(resource) <= most || oldest == shelves_.end()) return;
    for (Slot& slot : oldest->second.slots) discard(std::move(slot.upstream));
    oldest->second.slots.clear();
    oldest->second.gave_way = true;
  }
}

void WarmPool::opened(const std::string& key, PostgresUpstream* upstream,
                      const UpstreamFailure* failure) {
  auto shelf = shelves_.find(key);
  if (shelf == shelves_.end()) return;
  for (auto at = shelf->second.slots.begin(); at != shelf->second.slots.end(); ++at) {
    if (at->upstream.get() != upstream) continue;
    if (!failure) {
      at->ready = true;
      return;
    }
    shelf->second.retry_ms = worker_.loop.now_ms() + kRetryMs;
    discard(std::move(at->upstream));
    shelf->second.slots.erase(at);
    return;
  }
}

bool WarmPool::stale(const PostgresUpstream& upstream, const Shelf& shelf,
                     const std::string& version, std::uint64_t now_ms) const {
  const policy::Resource& resource = *shelf.plan->resource;
  return now_ms - upstream.begun_ms() > std::uint64_t{resource.warm_age_max_s} * 1000 ||
         upstream.credential_version() != version;
}

// Not at once: the caller may stand in a callback of this very connection.
void WarmPool::discard(std::unique_ptr<PostgresUpstream> upstream) {
  upstream->close();
  std::shared_ptr<PostgresUpstream> dying = std::move(upstream);
  worker_.loop.soon([dying] {});
}

void WarmPool::sweep(std::uint64_t now_ms) {
  for (auto at = cleaning_.begin(); at != cleaning_.end();) {
    WarmCleaning& cleaning = **at++;  // giving up takes it out of the list
    if (cleaning.late(now_ms)) cleaning.give_up();
  }
  for (auto shelf = shelves_.begin(); shelf != shelves_.end();) {
    bool unused = now_ms - shelf->second.used_ms >
                  std::uint64_t{shelf->second.plan->resource->warm_age_max_s} * 1000;
    // One look at its files for all of them.
    std::string version;
    if (!shelf->second.slots.empty()) {
      version = credential_version(shelf->second.plan->resource->credential);
    }
    for (auto at = shelf->second.slots.begin(); at != shelf->second.slots.end();) {
      bool gone = at->ready && (unused || !at->upstream->usable() || stale(*at->upstream, shelf->second, version, now_ms));
      if (!gone) {
        ++at;
        continue;
      }
      discard(std::move(at->upstream));
      at = shelf->second.slots.erase(at);
    }
    if (unused && shelf->second.slots.empty()) {
      shelf = shelves_.erase(shelf);
      continue;
    }
    if (!unused && !shelf->second.gave_way) fill(shelf->second);
    ++shelf;
  }
}

void WarmPool::clear() {
  for (auto& [key, shelf] : shelves_) {
    for (Slot& slot : shelf.slots) discard(std::move(slot.upstream));
  }
  shelves_.clear();
}

std::size_t WarmPool::size() const {
  std::size_t count = 0;
  for (const auto& [key, shelf] : shelves_) count += shelf.size();
  return count;
}

}  // namespace chaperone::session
