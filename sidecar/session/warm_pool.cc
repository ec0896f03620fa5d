#include "sidecar/session/warm_pool.h"

#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/credential.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {
namespace {

// Distinct logins kept warm at once; an agent that dials with ever new settings gains nothing.
constexpr std::size_t kShelvesMax = 32;
// A login that the server refused is not worth repeating at once.
constexpr std::uint64_t kRetryMs = 5000;

}  // namespace

// A connection between two sessions: DISCARD ALL is on its way.
class WarmPool::Cleaning : public PostgresUpstream::User {
 public:
  Cleaning(WarmPool& pool, std::unique_ptr<PostgresUpstream> upstream)
      : pool_(pool), upstream_(std::move(upstream)), query_({}) {
    upstream_->set_user(this);
    std::string out;
    pg::append_query(out, "/* chaperone:clean */ DISCARD ALL");
    upstream_->write(as_bytes(out));
  }
  void on_upstream_bytes(Bytes bytes) override {
    std::size_t taken = 0;
    OwnQuery::State state = query_.feed(bytes, taken);
    if (state == OwnQuery::State::kReading) return;
    finish(state == OwnQuery::State::kDone && query_.sqlstate().empty() &&
           query_.transaction_status() == 'I' && taken == bytes.size());
  }
  void on_upstream_drained() override {}
  void on_upstream_closed(const Error*) override { finish(false); }

 private:
  void finish(bool clean) {
    if (!upstream_) return;
    upstream_->set_user(nullptr);
    std::unique_ptr<PostgresUpstream> upstream = std::move(upstream_);
    WarmPool& pool = pool_;
    pool.worker_.loop.soon([&pool, self = this] {
      pool.cleaning_.remove_if([self](const auto& cleaning) { return cleaning.get() == self; });
    });
    auto shelf = pool.shelves_.find(upstream->plan().key());
    if (!clean || shelf == pool.shelves_.end()) return pool.discard(std::move(upstream));
    shelf->second.slots.push_back({std::move(upstream), pool.worker_.loop.now_ms(), true});
  }

  WarmPool& pool_;
  std::unique_ptr<PostgresUpstream> upstream_;
  OwnQuery query_;
};

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
    found = shelves_.emplace(key, Shelf{plan, {}, now_ms, 0}).first;
  }
  Shelf& shelf = found->second;
  shelf.used_ms = now_ms;
  std::unique_ptr<PostgresUpstream> taken;
  for (auto at = shelf.slots.begin(); at != shelf.slots.end() && !taken;) {
    if (!at->ready) {
      ++at;
      continue;
    }
    if (at->upstream->usable() && !stale(*at, shelf, now_ms)) taken = std::move(at->upstream);
    else discard(std::move(at->upstream));
    at = shelf.slots.erase(at);
  }
  ++(taken ? worker_.metrics.warm_hits : worker_.metrics.warm_misses);
  fill(shelf);
  return taken;
}

void WarmPool::give_back(std::unique_ptr<PostgresUpstream> upstream) {
  const UpstreamPlan& plan = upstream->plan();
  auto shelf = shelves_.find(plan.key());
  bool wanted = plan.resource->warm == policy::Warm::kReuse && upstream->usable() &&
                plan.policy == worker_.policy && shelf != shelves_.end() &&
                shelf->second.slots.size() < plan.resource->warm_max;
  if (!wanted) return discard(std::move(upstream));
  cleaning_.push_back(std::make_unique<Cleaning>(*this, std::move(upstream)));
}

void WarmPool::fill(Shelf& shelf) {
  std::uint64_t now_ms = worker_.loop.now_ms();
  if (now_ms < shelf.retry_ms || worker_.draining) return;
  while (shelf.slots.size() < shelf.plan->resource->warm_max) {
    Slot& slot = shelf.slots.emplace_back();
    slot.upstream = std::make_unique<PostgresUpstream>(worker_, shelf.plan);
    slot.since_ms = now_ms;
    slot.upstream->open([this, key = shelf.plan->key(), upstream = slot.upstream.get()](
                            const UpstreamFailure* failure) { opened(key, upstream, failure); });
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

bool WarmPool::stale(const Slot& slot, const Shelf& shelf, std::uint64_t now_ms) const {
  const policy::Resource& resource = *shelf.plan->resource;
  return now_ms - slot.since_ms > std::uint64_t{resource.warm_age_max_s} * 1000 ||
         slot.upstream->credential_version() != credential_version(resource.credential);
}

// Not at once: the caller may stand in a callback of this very connection.
void WarmPool::discard(std::unique_ptr<PostgresUpstream> upstream) {
  upstream->close();
  std::shared_ptr<PostgresUpstream> dying = std::move(upstream);
  worker_.loop.soon([dying] {});
}

void WarmPool::sweep(std::uint64_t now_ms) {
  for (auto shelf = shelves_.begin(); shelf != shelves_.end();) {
    bool unused = now_ms - shelf->second.used_ms >
                  std::uint64_t{shelf->second.plan->resource->warm_age_max_s} * 1000;
    for (auto at = shelf->second.slots.begin(); at != shelf->second.slots.end();) {
      bool gone = at->ready && (unused || !at->upstream->usable() || stale(*at, shelf->second, now_ms));
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
    if (!unused) fill(shelf->second);
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
  for (const auto& [key, shelf] : shelves_) count += shelf.slots.size();
  return count;
}

}  // namespace chaperone::session
