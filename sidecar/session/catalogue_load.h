#pragma once
// One load of a database's catalogue over an idle upstream connection, without I/O: it says what to
// send and takes what comes back. First the stamp, which is cheap; the rest only where it is not
// the stamp of the view that is known already.

#include <memory>
#include <string>
#include <vector>

#include "proto-parsers/sql/catalogue.h"
#include "sidecar/session/own_query.h"

namespace chaperone::session {

class CatalogueLoad {
 public:
  // `known` may be null. `in_transaction`: the connection stands in a client's open transaction,
  // whose own uncommitted objects then count; a savepoint keeps our settings out of it.
  CatalogueLoad(std::shared_ptr<const sql::Catalogue> known, int server_version,
                bool in_transaction);

  // What to send next; empty when done() or failed().
  std::string next_query();
  // Bytes from the server, from the front of `input`. True when the query is answered, and
  // next_query() is to be called.
  bool feed(Bytes input, std::size_t& taken);

  bool done() const { return stage_ == Stage::kDone; }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  // After done(): the view, which is `known` where nothing changed.
  std::shared_ptr<const sql::Catalogue> catalogue() const { return result_; }
  // Messages that were not ours (ParameterStatus and the like), for the client.
  std::string take_asides() { return std::exchange(asides_, {}); }
  char transaction_status() const { return status_; }

 private:
  enum class Stage { kBegin, kStamp, kQueries, kEnd, kDone };

  void on_row(const Row& row);
  void answered();
  void finish();

  std::shared_ptr<const sql::Catalogue> known_, result_;
  std::vector<sql::CatalogueQuery> queries_;
  sql::CatalogueBuilder builder_;
  std::unique_ptr<OwnQuery> query_;
  std::string stamp_query_, stamp_, error_, asides_;
  std::size_t next_ = 0;
  Stage stage_ = Stage::kBegin;
  bool in_transaction_ = false;
  bool unchanged_ = false;
  char status_ = 'I';
};

}  // namespace chaperone::session
