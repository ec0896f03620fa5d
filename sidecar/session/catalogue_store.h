#pragma once
// The catalogue view of each database that sessions work on, one for all of them. Loaded over a
// connection of its own when first needed; asked again when a session changed something, met a name
// that is not there, or the view is old. Between these a change by somebody else is not seen: a
// view is at most kCatalogueAgeMs old when a statement is judged by it (docs/limits.md).

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto-parsers/sql/catalogue.h"
#include "sidecar/session/postgres_upstream.h"

namespace chaperone::session {

class CatalogueStore {
 public:
  using Loaded = std::function<void(std::shared_ptr<const sql::Catalogue>)>;

  explicit CatalogueStore(Worker& worker);
  ~CatalogueStore();

  // The view that stands, null when there is none yet. Nothing is asked.
  std::shared_ptr<const sql::Catalogue> current(const UpstreamPlan& plan) const;
  // Asks the server whether the view still holds and loads it anew if not; `loaded` gets what then
  // stands (null where it cannot be loaded), never from within this call. `owner` may forget().
  void refresh(const UpstreamPlan& plan, const void* owner, Loaded loaded);
  void forget(const void* owner);
  // By timer: views in use are asked again when they are old. `changed` hears of new ones.
  void sweep(std::uint64_t now_ms);
  // What was opened under another policy goes, its view with it. Sessions that live on ask again.
  void on_policy(const policy::Policy& policy);

  // A view was replaced: sessions on this database are to judge by the new one.
  std::function<void(const std::string& key, std::shared_ptr<const sql::Catalogue>)> on_change;
  static std::string key_of(const UpstreamPlan& plan);

 private:
  class Entry;
  Worker& worker_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace chaperone::session
