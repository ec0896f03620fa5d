#pragma once
// Upstream connections that are logged in before anyone asks. A session that finds one starts after
// a local handshake; TLS and SCRAM were paid for while nobody waited.
//
// `fresh` (default): each connection serves one session and is closed after it. `reuse` (opt-in):
// one whose session left no state goes back, after DISCARD ALL (docs/postgres.md lists what counts
// as state). Connections age out by the time of their login, are capped per key (those that are
// being opened or cleaned count) and per resource, and end when their credential changes or the policy no longer
// allows them.

#include <list>
#include <map>
#include <memory>
#include <string>

#include "sidecar/session/postgres_upstream.h"
#include "sidecar/session/warm_cleaning.h"

namespace chaperone::session {

class WarmPool {
 public:
  explicit WarmPool(Worker& worker);
  ~WarmPool();

  // A connection that is open, or null. Others are opened for the next sessions: at once where few
  // are left, else by the next sweep().
  std::unique_ptr<PostgresUpstream> take(const UpstreamPlanPtr& plan);
  // After a session that left no state: cleaned and kept, where the resource says `reuse`.
  void give_back(std::unique_ptr<PostgresUpstream> upstream);

  // By timer: closes what is too old or has another credential by now.
  void sweep(std::uint64_t now_ms);
  // A new policy: all that waits was opened under the old one.
  void clear();
  std::size_t size() const;

 private:
  struct Slot {
    std::unique_ptr<PostgresUpstream> upstream;
    bool ready = false;
  };
  struct Shelf {
    UpstreamPlanPtr plan;
    std::list<Slot> slots;
    std::size_t cleaning = 0;    // on their way back here
    std::uint64_t used_ms = 0;
    std::uint64_t retry_ms = 0;  // a login that failed is not tried again before
    bool gave_way = false;       // to another shelf: filled again when it is asked for, not before
    std::size_t size() const { return slots.size() + cleaning; }
  };
  using Shelves = std::map<std::string, Shelf>;

  void fill(Shelf& shelf);
  void make_room(const Shelf& shelf);
  void opened(const std::string& key, PostgresUpstream* upstream, const UpstreamFailure* failure);
  Shelves::iterator wanted(const PostgresUpstream& upstream);
  void cleaned(WarmCleaning& cleaning, std::unique_ptr<PostgresUpstream> upstream, bool clean);
  static std::size_t ahead(const policy::Resource& resource);
  // `version`: of the credential's files as they are now.
  bool stale(const PostgresUpstream& upstream, const Shelf& shelf, const std::string& version,
             std::uint64_t now_ms) const;
  void discard(std::unique_ptr<PostgresUpstream> upstream);

  Worker& worker_;
  Shelves shelves_;
  std::list<std::unique_ptr<WarmCleaning>> cleaning_;
};

}  // namespace chaperone::session
