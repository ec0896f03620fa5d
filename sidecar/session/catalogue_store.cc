#include "sidecar/session/catalogue_store.h"

#include "sidecar/session/catalogue_load.h"
#include "sidecar/session/credential.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {
namespace {

constexpr std::uint64_t kCatalogueAgeMs = 30'000;
// A view that could not be had is asked for again after this long; meanwhile
// sessions judge every statement as unknown but those of transactions and settings.
constexpr std::uint64_t kRetryMs = 5'000;
// A view that nobody asked for that long is not kept up to date. Sessions ask, however quiet they are,
// much more often.
constexpr std::uint64_t kUsedMs = 10 * kCatalogueAgeMs;
// Databases remembered at once by one sidecar; agents work on a handful.
constexpr std::size_t kCataloguesMax = 32;

}  // namespace

class CatalogueStore::Entry final : public PostgresUpstream::User {
 public:
  Entry(CatalogueStore& store, std::string key, UpstreamPlanPtr plan)
      : store_(store), key_(std::move(key)), plan_(std::move(plan)) {}
  ~Entry() { close_upstream(); }

  const UpstreamPlan& plan() const { return *plan_; }
  std::shared_ptr<const sql::Catalogue> view() const { return view_; }
  void ask(const void* owner, Loaded loaded) {
    used_ms_ = now_ms();
    (load_ ? next_waiters_ : waiters_).push_back({owner, std::move(loaded)});
    if (!load_ && !opening_) begin();
  }
  void forget(const void* owner) {
    auto of_owner = [owner](const Waiter& waiter) { return waiter.owner == owner; };
    std::erase_if(waiters_, of_owner);
    std::erase_if(next_waiters_, of_owner);
  }
  void sweep(std::uint64_t now_ms) {
    if (load_ || opening_) return;
    bool used = now_ms - used_ms_ < kUsedMs;
    if (renewed()) {
      close_upstream();
      used ? begin() : forget_view();
      return;
    }
    if (!used) close_upstream();
    std::uint64_t age_ms = view_ ? kCatalogueAgeMs : kRetryMs;
    if (used && now_ms - asked_ms_ > age_ms) begin();
  }
  std::uint64_t used_ms() const { return used_ms_; }
  void touch() { used_ms_ = now_ms(); }

 private:
  struct Waiter {
    const void* owner;
    Loaded loaded;
  };

  // Who it was that saw the view is not who logs in now.
  bool renewed() const {
    if (!upstream_ || upstream_->credential_version().empty()) return false;
    return upstream_->credential_version() != credential_version(plan_->resource->credential);
  }
  void forget_view() {
    if (!std::exchange(view_, nullptr)) return;
    if (store_.on_change) store_.on_change(key_, nullptr);
  }

  std::uint64_t now_ms() const { return store_.worker_.loop.now_ms(); }

  void begin() {
    asked_ms_ = now_ms();
    if (upstream_ && upstream_->usable() && !renewed()) return load(view_);
    close_upstream();
    opening_ = true;
    upstream_ = std::make_unique<PostgresUpstream>(store_.worker_, plan_);
    upstream_->open([this, alive = std::weak_ptr<int>(alive_)](const UpstreamFailure* failure) {
      if (alive.expired()) return;
      opening_ = false;
      if (failure) return finish(nullptr);
      load(nullptr);  // of a login of its own nothing is known
    });
  }

  void load(std::shared_ptr<const sql::Catalogue> known) {
    ++store_.worker_.metrics.catalogue_loads;
    upstream_->set_user(this);
    load_ = std::make_unique<CatalogueLoad>(std::move(known), upstream_->settings().reading.server_version, false);
    send_next();
  }

  void send_next() {
    std::string query = load_->next_queries();
    upstream_->write(as_bytes(query));
  }

  void on_upstream_bytes(Bytes bytes) override {
    std::size_t at = 0;
    while (load_ && at < bytes.size()) {
      std::size_t taken = 0;
      if (!load_->feed(bytes.subspan(at), taken)) return;
      at += taken;
      if (!load_->done()) {
        send_next();
        continue;
      }
      upstream_->set_user(nullptr);
      if (load_->broken()) close_upstream();
      finish(load_->failed() ? nullptr : load_->catalogue());
    }
  }
  void on_upstream_drained() override {}
  void on_upstream_closed(const Error*) override { finish(nullptr); }

  // A view that cannot be loaded again must not go on being used as if it were true.
  void finish(std::shared_ptr<const sql::Catalogue> view) {
    load_.reset();
    if (!view) ++store_.worker_.metrics.catalogue_failures;
    bool changed = view != view_;
    view_ = std::move(view);
    std::vector<Waiter> waiters = std::exchange(waiters_, std::exchange(next_waiters_, {}));
    for (Waiter& waiter : waiters) {
      // The waiter may be forgotten by one before it: ask through the store.
      waiter.loaded(view_);
    }
    if (changed && store_.on_change) store_.on_change(key_, view_);
    if (!waiters_.empty() && !load_ && !opening_) begin();
  }

  void close_upstream() {
    if (!upstream_) return;
    upstream_->close();
    std::shared_ptr<PostgresUpstream> dying = std::move(upstream_);
    store_.worker_.loop.soon([dying] {});
  }

  CatalogueStore& store_;
  const std::string key_;
  UpstreamPlanPtr plan_;
  std::unique_ptr<PostgresUpstream> upstream_;
  std::unique_ptr<CatalogueLoad> load_;
  std::shared_ptr<const sql::Catalogue> view_;
  std::vector<Waiter> waiters_, next_waiters_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  std::uint64_t asked_ms_ = 0, used_ms_ = 0;
  bool opening_ = false;
};

CatalogueStore::CatalogueStore(Worker& worker) : worker_(worker) {}
CatalogueStore::~CatalogueStore() = default;

std::string CatalogueStore::key_of(const UpstreamPlan& plan) {
  return plan.resource->name + '\0' + plan.address.to_string() + '\0' + plan.database + '\0' +
         plan.policy->digest();
}

std::shared_ptr<const sql::Catalogue> CatalogueStore::current(const UpstreamPlan& plan) const {
  auto found = entries_.find(key_of(plan));
  if (found == entries_.end()) return nullptr;
  found->second->touch();
  return found->second->view();
}

void CatalogueStore::refresh(const UpstreamPlan& plan, const void* owner, Loaded loaded) {
  std::string key = key_of(plan);
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= kCataloguesMax) entries_.erase(entries_.begin());
    auto own = std::make_shared<UpstreamPlan>(plan);
    // A session that holds DDL locks must not make all others wait for the catalogue.
    own->settings = {{"application_name", "chaperone"}, {"client_encoding", "UTF8"},
                     {"lock_timeout", "1000"}, {"statement_timeout", "20000"}};
    own->minor = 0;
    own->read_only = true;
    own->replication.clear();
    found = entries_.emplace(key, std::make_unique<Entry>(*this, key, std::move(own))).first;
  }
  found->second->ask(owner, std::move(loaded));
}

void CatalogueStore::forget(const void* owner) {
  for (auto& [key, entry] : entries_) entry->forget(owner);
}

void CatalogueStore::sweep(std::uint64_t now_ms) {
  for (auto& [key, entry] : entries_) entry->sweep(now_ms);
}

void CatalogueStore::on_policy(const policy::Policy& policy) {
  std::erase_if(entries_, [&](const auto& entry) {
    return entry.second->plan().policy->digest() != policy.digest();
  });
}

}  // namespace chaperone::session
