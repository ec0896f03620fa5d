#pragma once
// A server connection between two sessions: DISCARD ALL, then the question whether it stands as it
// did after its login. Whatever else the server says meanwhile (a notification, a setting that
// changes) shows that state was left which no statement was seen to leave: then it is not clean.

#include <functional>
#include <memory>

#include "sidecar/session/own_query.h"
#include "sidecar/session/postgres_upstream.h"

namespace chaperone::session {

class WarmCleaning final : public PostgresUpstream::User {
 public:
  // Called once, never from within the constructor. Must not destroy this before it returns.
  using Done = std::function<void(WarmCleaning&, std::unique_ptr<PostgresUpstream>, bool clean)>;

  WarmCleaning(std::unique_ptr<PostgresUpstream> upstream, std::uint64_t now_ms, Done done);

  // Which connections this one is interchangeable with; stays when it was handed on.
  const std::string& key() const { return key_; }
  bool late(std::uint64_t now_ms) const;
  void give_up() { finish(false); }

  void on_upstream_bytes(Bytes bytes) override;
  void on_upstream_drained() override {}
  void on_upstream_closed(const Error*) override { finish(false); }

 private:
  void ask(std::string_view text);
  bool answered() const;
  void finish(bool clean);

  std::unique_ptr<PostgresUpstream> upstream_;
  const std::string key_;
  const std::uint64_t since_ms_;
  Done done_;
  std::unique_ptr<OwnQuery> query_;
  std::unique_ptr<SettingsReader> settings_;
  int answers_ = 0;
  bool disturbed_ = false;
};

}  // namespace chaperone::session
