#pragma once
// One load of a database's catalogue over an idle upstream connection, without I/O: it says what to
// send and takes what comes back. First the stamp, then what it shows to have changed since the view
// that is known; everything where none is. Queries go in batches, each of one round trip.

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

  // The next batch to send; empty when done() or failed().
  std::string next_queries();
  // Bytes from the server, from the front of `input`. True when the batch is answered, and
  // next_queries() is to be called.
  bool feed(Bytes input, std::size_t& taken);

  bool done() const { return stage_ == Stage::kDone; }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  // ... and where the replies could not be understood: the connection is of no use any more.
  bool broken() const { return broken_; }
  // After done(): the view, which is `known` where nothing changed.
  std::shared_ptr<const sql::Catalogue> catalogue() const { return result_; }
  // Messages that were not ours (ParameterStatus and the like), for the client.
  std::string take_asides() { return std::exchange(asides_, {}); }
  char transaction_status() const { return status_; }

 private:
  enum class Stage { kStamp, kEnd, kDone };

  // One query of a batch. `section` is meant for kSection alone.
  enum class Kind { kOwn, kStamp, kNewStamp, kSection };
  struct Ask {
    Kind kind;
    std::size_t section;
    std::string text;
  };

  void begin(bool everything);
  void ask(Kind kind, std::string text, std::size_t section = 0);
  void ask_sections();
  void ask_end();
  void on_row(const Row& row);
  void answered(const OwnQuery& query);
  void batch_answered();
  void finish();

  std::shared_ptr<const sql::Catalogue> known_, result_;
  std::unique_ptr<sql::CatalogueBuilder> builder_;
  sql::CatalogueStamp stamp_, new_stamp_;
  std::vector<Ask> batch_;
  std::size_t next_ = 0;  // of the batch, to be answered
  std::unique_ptr<OwnQuery> query_;
  std::string error_, asides_;
  Stage stage_ = Stage::kDone;
  int server_version_;
  bool in_transaction_ = false;
  bool broken_ = false;
  char status_ = 'I';
};

}  // namespace chaperone::session
