// The small parts of a session: settings, cancel keys, waits, credentials.
#include <filesystem>

#include "sidecar/session/cancel_registry.h"
#include "sidecar/session/credential.h"
#include "sidecar/session/durability_waiters.h"
#include "sidecar/session/server_settings.h"
#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

TEST_CASE("server settings: only what matters here, and only a change, is news") {
  ServerSettings settings;
  CHECK_FALSE(settings.on_parameter_status("standard_conforming_strings", "on"));
  CHECK(settings.on_parameter_status("standard_conforming_strings", "off"));
  CHECK_FALSE(settings.reading.standard_conforming_strings);
  CHECK(settings.on_parameter_status("server_version", "18beta1"));
  CHECK(settings.reading.server_version == 180000);
  CHECK(settings.on_parameter_status("server_version", "15.18 (Debian)"));
  CHECK(settings.reading.server_version == 150018);
  CHECK(settings.on_parameter_status("server_version", "65535.65535"));  // no sum overflows
  CHECK(settings.reading.server_version == 655415535);
  CHECK(settings.on_parameter_status("server_version", "2147483647"));
  CHECK(settings.reading.server_version == 0);
  CHECK(settings.on_parameter_status("client_encoding", "SJIS"));
  CHECK_FALSE(settings.on_parameter_status("TimeZone", "UTC"));
}

TEST_CASE("server settings: the rows replace the search path and list what is prepared") {
  ServerSettings before;
  before.search_path = {"old"};
  SettingsReader reader(before);
  reader.row({"role", "app", ""});
  reader.row({"schema", "a", ""});
  reader.row({"schema", "b", ""});
  reader.row({"default_transaction_read_only", "on", ""});
  reader.row({"prepared", "p", "SELECT 1"});
  reader.row({"schema"});  // not a row of ours
  reader.row({"schema", std::nullopt, ""});
  CHECK(reader.settings().role == "app");
  CHECK(reader.settings().search_path == std::vector<std::string>{"a", "b"});
  CHECK(reader.settings().default_transaction_read_only);
  CHECK(reader.prepared().at("p").text == "SELECT 1");
  CHECK(settings_query(true).find("pg_prepared_statements") != std::string::npos);
  CHECK(settings_query(false).find("pg_prepared_statements") == std::string::npos);
}

TEST_CASE("cancel registry: both halves of a key must fit") {
  CancelRegistry cancels;
  CancelTarget target;
  target.resource = "shop";
  CancelKey key = cancels.add(target, 32), other = cancels.add(target, 4);
  CHECK(key.secret.size() == 32);
  CHECK(other.secret.size() == 4);
  CHECK(key.pid != other.pid);
  CHECK(cancels.find(key.pid, as_bytes(key.secret))->resource == "shop");
  CHECK_FALSE(cancels.find(key.pid, as_bytes(other.secret)));
  CHECK_FALSE(cancels.find(other.pid, as_bytes(key.secret)));
  CHECK_FALSE(cancels.find(key.pid, {}));
  CHECK_FALSE(cancels.find(0, as_bytes(key.secret)));
  cancels.remove(key.pid);
  CHECK_FALSE(cancels.find(key.pid, as_bytes(key.secret)));
}

TEST_CASE("durability waiters: each is called once its own degree is reached") {
  DurabilityWaiters waiters;
  std::string called;
  int a = 0, b = 0, c = 0;
  waiters.wait(&a, {5}, policy::Durability::kDisk, [&] { called += 'a'; });
  waiters.wait(&b, {5}, policy::Durability::kCollector, [&] { called += 'b'; });
  waiters.wait(&c, {4}, policy::Durability::kDisk, [&] { called += 'c'; });
  waiters.settle({4}, {0});
  CHECK(called == "c");
  waiters.settle({5}, {4});
  CHECK(called == "ca");
  waiters.forget(&b);
  waiters.settle({9}, {9});
  CHECK(called == "ca");
  CHECK(waiters.empty());
}

TEST_CASE("durability waiters: one that is called may wait again") {
  DurabilityWaiters waiters;
  int owner = 0, calls = 0;
  waiters.wait(&owner, {1}, policy::Durability::kDisk, [&] {
    ++calls;
    waiters.wait(&owner, {2}, policy::Durability::kDisk, [&] { ++calls; });
  });
  waiters.settle({1}, {0});
  CHECK(calls == 1);
  waiters.settle({2}, {0});
  CHECK(calls == 2);
}

TEST_CASE("credential files: one line, and the error never holds it") {
  spool::TempDir dir(spool::On::kMemory);
  policy::Credential credential;
  credential.password_file = dir / "password";
  CHECK_FALSE(read_credential(credential).ok());
  spool::spill(credential.password_file, "s3cret\r\n");
  auto read = read_credential(credential);
  REQUIRE(read.ok());
  CHECK(read->password.view() == "s3cret");
  CHECK(read->user.empty());
  std::string version = credential_version(credential);
  CHECK(version == credential_version(credential));
  spool::spill(dir / "next", "other");
  std::filesystem::rename(dir / "next", credential.password_file);  // as Kubernetes swaps Secrets
  CHECK(version != credential_version(credential));
  for (const std::string& bad : {std::string(), std::string("\n"), std::string(5000, 'x')}) {
    spool::spill(credential.password_file, bad);
    auto refused = read_credential(credential);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find("xxx") == std::string::npos);
  }
}

}  // namespace
}  // namespace chaperone::session
