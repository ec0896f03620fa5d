#pragma once
// A PostgresExchange between a client that the test plays and a FakeServer, with a real policy and
// a real spool; and what each side saw.

#include <memory>
#include <string>
#include <vector>

#include "sidecar/policy/loader.h"
#include "sidecar/session/postgres_exchange.h"
#include "tests/unit/session/fake_server.h"
#include "tests/unit/spool/fixture.h"

namespace chaperone::session {

// Reads pass; deletes from "kept" and functions nobody knows do not.
extern const std::string kRules;

class World final : public PostgresExchange::Ports {
 public:
  struct Options {
    std::string rules = kRules;
    bool read_only = false;
    std::size_t client_chunk = SIZE_MAX, server_chunk = SIZE_MAX;
    bool durable_at_once = true;
    ExchangeLimits limits = {};
    std::string server_encoding = "UTF8";
  };
  World() : World(Options{}) {}
  explicit World(Options options);

  // The client sends; everything is carried to and fro until nothing moves.
  void send(std::string_view bytes);
  void query(std::string_view text);
  // Carries without anything new.
  void settle();
  void feed(std::string_view bytes) { exchange->on_client(as_bytes(bytes)); }
  void durable();
  // A reload of the policy.
  void use_policy(const std::string& rules);
  // A catalogue with these tables, (schema, name), each with a column "a".
  void use_tables(const std::vector<std::pair<std::string, std::string>>& tables);

  // What the client got since last asked: each message as its type, errors with SQLSTATE and, if
  // ours, "*": "T D C(SELECT 1) Z(I) E(42501*)".
  std::string heard();
  // Records of commands so far: "3 allow SELECT 1".
  std::vector<std::string> commands();
  // "3 ok", in order.
  std::vector<std::string> outcomes();

  void to_client(Bytes bytes) override;
  void to_server(Bytes bytes) override;
  void need_durable(spool::Position position, policy::Durability durability) override;
  void need_catalogue(bool changed) override;
  void failed(std::string_view word, std::string_view detail) override;
  void refused(const policy::Decision& decision, const Judged& judged) override;
  void terminated() override { ++terminations; }

  Options options;
  std::string all_to_client, all_to_server, failure;
  int waits = 0, catalogue_asked = 0, refusals = 0, terminations = 0;
  bool waiting = false;
  policy::Durability waited_for = policy::Durability::kProcess;
  spool::Position waited_position;
  FakeServer server;

 private:
  spool::TempDir dir_{spool::On::kMemory};
  spool::LyingDisk disk_;
  Subject subject_;
  Scopes scopes_{subject_};
  MetricsSink metrics_;
  std::size_t heard_ = 0;

 public:
  std::shared_ptr<const policy::Policy> policy;
  std::unique_ptr<spool::Spool> spool;
  std::unique_ptr<Trail> trail;
  std::unique_ptr<PostgresExchange> exchange;
};

// One string of messages: the client's side of a conversation.
std::string query_message(std::string_view text);
// Parse, Bind, Execute of the unnamed statement; with Sync.
std::string extended(std::string_view text);
std::string extended_unsynced(std::string_view text);
std::string sync_message();
std::string copy_data(std::string_view payload);
std::string copy_done();

}  // namespace chaperone::session
