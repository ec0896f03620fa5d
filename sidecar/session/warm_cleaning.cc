#include "sidecar/session/warm_cleaning.h"

#include "proto-parsers/postgres/encode.h"

namespace chaperone::session {
namespace {

// A server at rest answers within a millisecond; one that does not is no gain for the next session.
constexpr std::uint64_t kCleaningMs = 5000;
constexpr int kQuestions = 2;  // DISCARD ALL, and the settings

}  // namespace

WarmCleaning::WarmCleaning(std::unique_ptr<PostgresUpstream> upstream, std::uint64_t now_ms,
                           Done done)
    : upstream_(std::move(upstream)), key_(upstream_->plan().key()), since_ms_(now_ms),
      done_(std::move(done)) {
  upstream_->set_user(this);
  settings_ = std::make_unique<SettingsReader>(upstream_->settings());
  ask("/* chaperone:clean */ DISCARD ALL");
}

void WarmCleaning::ask(std::string_view text) {
  OwnQuery::Observer observer;
  observer.on_row = [this](const Row& row) { settings_->row(row); };
  observer.on_aside = [this](char type, Bytes) { disturbed_ = disturbed_ || type != 'N'; };
  query_ = std::make_unique<OwnQuery>(std::move(observer));
  std::string out;
  pg::append_query(out, text);
  upstream_->write(as_bytes(out));
}

bool WarmCleaning::late(std::uint64_t now_ms) const { return now_ms - since_ms_ > kCleaningMs; }

bool WarmCleaning::answered() const {
  return query_->sqlstate().empty() && query_->transaction_status() == 'I' && !disturbed_;
}

void WarmCleaning::on_upstream_bytes(Bytes bytes) {
  std::size_t taken = 0;
  OwnQuery::State state = query_->feed(bytes, taken);
  if (state == OwnQuery::State::kReading) return;
  if (state == OwnQuery::State::kBroken || !answered() || taken != bytes.size()) return finish(false);
  if (++answers_ < kQuestions) return ask(settings_query(true));
  finish(settings_->settings() == upstream_->settings() && settings_->prepared().empty());
}

void WarmCleaning::finish(bool clean) {
  if (!upstream_) return;
  upstream_->set_user(nullptr);
  done_(*this, std::move(upstream_), clean);
}

}  // namespace chaperone::session
