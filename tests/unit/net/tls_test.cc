#include "sidecar/net/tls.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sidecar/env/file.h"
#include "tests/unit/net/child.h"
#include "tests/unit/net/support.h"

using namespace chaperone;
using namespace chaperone::net;
using test::Child;
using test::Ear;
using test::Pair;
using test::run_until;
using test::TempDir;

namespace {

std::unique_ptr<TlsServer> open_server(const TempDir& dir) {
  TlsServerOptions options;
  options.key_dir = dir / "keys";
  options.trust_dir = dir / "trust";
  auto server = TlsServer::open(options);
  REQUIRE(server.ok());
  return std::move(server).value();
}

TlsClientOptions trusting(const std::string& ca_file) {
  TlsClientOptions options;
  options.ca_file = ca_file;
  return options;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 11 % 26);
  return text;
}

bool both_secure(Pair& pair) { return pair.client.was_secure && pair.server.was_secure; }
bool either_closed(Pair& pair) { return pair.client.closed || pair.server.closed; }

// openssl s_server on a port of its own, answering what it reads with its own input.
struct Peer {
  std::uint16_t port = test::free_port();
  Child child;
  explicit Peer(const TempDir& dir, std::vector<std::string> more = {})
      : child([&] {
          std::vector<std::string> words = {
              "openssl", "s_server",         "-accept", "127.0.0.1:" + std::to_string(port),
              "-cert",   dir / "server.pem", "-key",    dir / "server.key",
              "-quiet"};
          words.insert(words.end(), more.begin(), more.end());
          return words;
        }()) {
    test::wait_for_port(port);
  }
};

// Connects to a peer with TLS and waits for what comes of it.
void connect(Loop& loop, Ear& ear, const Peer& peer, TlsClient& client, const std::string& name) {
  Dialer dialer(loop, test::loopback(peer.port), 5000, [&](Result<StreamPtr> stream) {
    REQUIRE(stream.ok());
    ear.take(std::move(stream).value());
    ear.stream->start_tls_client(client, name);
  });
  run_until(loop, [&] { return ear.was_secure || ear.closed; });
}

}  // namespace

TEST_CASE("both roles of TLS meet: bytes, queues, pauses and half-close") {
  TempDir dir;
  auto server = open_server(dir);
  TlsClientOptions options = trusting(dir / "trust/bundle.pem");
  options.alpn = {"postgresql"};
  TlsClient client(options);
  Loop loop;
  Pair pair(loop);
  pair.server.stream->start_tls_server(*server, {"db.internal", "10.1.2.3"}, {});
  pair.client.stream->start_tls_client(client, "db.internal");
  run_until(loop, [&] { return both_secure(pair) || either_closed(pair); });
  REQUIRE(pair.client.why == "");
  REQUIRE(pair.server.why == "");
  CHECK(pair.server.stream->server_name() == "db.internal");
  CHECK(pair.server.stream->alpn() == "postgresql");
  CHECK(pair.client.stream->alpn() == "postgresql");
  CHECK(pair.client.stream->tls_description().substr(0, 8) == "TLSv1.3 ");
  CHECK(pair.client.stream->tls_server_end_point().size() == 32);
  std::string big = pattern(6 * 1024 * 1024);
  pair.server.then = [&](Bytes) { pair.server.stream->pause(); };
  pair.client.stream->write(as_bytes(big));
  pair.client.stream->end();
  run_until(loop, [&] {
    if (pair.server.stream->paused()) pair.server.stream->resume();
    return pair.server.ended;
  });
  CHECK((pair.server.heard == big));
  pair.server.stream->write(as_bytes("bye"));
  pair.server.stream->end();
  run_until(loop, [&] { return pair.client.closed && pair.server.closed; });
  CHECK(pair.client.heard == "bye");
  CHECK(pair.client.why.empty());
  CHECK(pair.server.why.empty());
}

TEST_CASE("the certificate is for the server's own names, whatever the client asks for") {
  TempDir dir;
  auto server = open_server(dir);
  TlsClient client(trusting(dir / "trust/ca.pem"));
  auto verified = [&](const std::string& asked) {
    Loop loop;
    Pair pair(loop);
    pair.server.stream->start_tls_server(*server, {"db.internal", "*.shop.test", "10.1.2.3"}, {});
    pair.client.stream->start_tls_client(client, asked);
    run_until(loop, [&] { return both_secure(pair) || either_closed(pair); });
    return pair.client.was_secure;
  };
  for (const char* own : {"db.internal", "DB.Internal", "a.shop.test", "a.b.shop.test", "10.1.2.3"}) {
    CHECK(verified(own));
  }
  for (const char* other : {"evil.test", "shop.test", "xshop.test", "b.internal", "10.1.2.4"}) {
    CHECK_FALSE(verified(other));
  }
}

TEST_CASE("a refusal in the middle of a handshake closes, and says nothing") {
  TempDir dir;
  auto server = open_server(dir);
  Loop loop;
  Pair pair(loop);
  pair.server.stream->start_tls_server(*server, {"db.internal"}, {});
  std::string begun("\x16\x03\x01", 3);  // of a ClientHello
  pair.client.stream->write(as_bytes(begun));
  bool told = false;
  loop.soon([&] { told = true; });
  run_until(loop, [&] { return told; });
  pair.server.stream->write(as_bytes("the login took too long"));
  pair.server.stream->close_after_flush();
  run_until(loop, [&] { return pair.client.ended || pair.client.closed; });
  CHECK(pair.client.heard.empty());
  pair.client.stream->close();
  run_until(loop, [&] { return pair.server.closed; });
}

TEST_CASE("bytes read before TLS began are not lost") {
  TempDir dir;
  auto server = open_server(dir);
  TlsClient client(trusting(dir / "trust/ca.pem"));
  Loop loop;
  Pair pair(loop);
  std::string hello;
  pair.server.then = [&](Bytes) {
    if (pair.server.was_secure || !hello.empty()) return;
    hello = pair.server.heard;
    pair.server.heard.clear();
    pair.server.stream->start_tls_server(*server, {"127.0.0.1"}, as_bytes(hello));
  };
  pair.client.stream->start_tls_client(client, "127.0.0.1");
  run_until(loop, [&] { return both_secure(pair) || either_closed(pair); });
  REQUIRE(pair.client.why == "");
  CHECK(pair.server.stream->server_name().empty());
}

TEST_CASE("the pod's CA survives a restart, its key is ours alone") {
  TempDir dir;
  std::string first = open_server(dir)->ca_pem();
  CHECK(open_server(dir)->ca_pem() == first);
  struct stat status {};
  REQUIRE(::stat((dir / "keys/tls-ca.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::stat((dir / "trust/bundle.pem").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
  std::filesystem::remove(dir / "keys/tls-ca.pem");
  CHECK(open_server(dir)->ca_pem() != first);
}

TEST_CASE("a damaged CA is not replaced in silence") {
  TempDir dir;
  { auto server = open_server(dir); }
  std::string victim = GENERATE(std::string("keys/tls-ca.key"), std::string("keys/tls-ca.pem"));
  std::ofstream(dir / victim) << "nonsense";
  TlsServerOptions options;
  options.key_dir = dir / "keys";
  options.trust_dir = dir / "trust";
  auto again = TlsServer::open(options);
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().message.find(victim) != std::string::npos);
  CHECK(again.error().message.find("remove it") != std::string::npos);
}

TEST_CASE("public roots come behind ours in the bundle") {
  TempDir dir;
  std::ofstream(dir / "roots.pem") << "PUBLIC";
  TlsServerOptions options;
  options.key_dir = dir / "keys";
  options.trust_dir = dir / "trust";
  options.public_roots = dir / "roots.pem";
  auto server = TlsServer::open(options);
  REQUIRE(server.ok());
  CHECK(env::read_file(dir / "trust/bundle.pem", 100000).value() ==
        (*server)->ca_pem() + "PUBLIC\n");
}

TEST_CASE("clients of Kubernetes find a placeholder, the bundle and the namespace") {
  TempDir dir;
  TlsServerOptions options;
  options.key_dir = dir / "keys";
  options.trust_dir = dir / "trust";
  options.pod_namespace = "agents";
  REQUIRE(TlsServer::open(options).ok());
  auto text = [&](const char* name) {
    return env::read_file(dir / "trust/serviceaccount/" + name, 100000).value();
  };
  CHECK_FALSE(text("token").empty());
  CHECK(text("ca.crt") == env::read_file(dir / "trust/bundle.pem", 100000).value());
  CHECK(text("namespace") == "agents");
}

TEST_CASE("Java's keytool reads the trust store") {
  TempDir dir;
  auto server = open_server(dir);
  const std::string store = env::read_file(dir / "trust/trust.jks", 100000).value();
  REQUIRE(store.size() > 32);
  CHECK(store.substr(0, 12) == std::string("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1", 12));
  if (std::system("command -v keytool >/dev/null") != 0) return;
  const std::string command = "keytool -list -storetype JKS -storepass changeit -keystore " +
                              (dir / "trust/trust.jks") + " 2>/dev/null | grep -q trustedCertEntry";
  CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("openssl s_client verifies our certificate, by name and by address") {
  TempDir dir;
  auto server = open_server(dir);
  Loop loop;
  Ear ear;
  auto listener = Listener::open(loop, {"127.0.0.1"}, 0, {}, [&](StreamPtr stream) {
    ear.take(std::move(stream));
    ear.stream->start_tls_server(*server, {"db.test", "127.0.0.1"}, {});
  });
  REQUIRE(listener.ok());
  std::vector<std::string> words = {"openssl",
                                    "s_client",
                                    "-connect",
                                    "127.0.0.1:" + std::to_string((*listener)->port()),
                                    "-CAfile",
                                    dir / "trust/bundle.pem",
                                    "-verify_return_error",
                                    "-quiet",
                                    "-alpn",
                                    "postgresql"};
  auto more = GENERATE(
      std::vector<std::string>{"-servername", "db.test", "-verify_hostname", "db.test"},
      std::vector<std::string>{"-noservername", "-verify_ip", "127.0.0.1"},
      std::vector<std::string>{"-tls1_2", "-servername", "db.test", "-verify_hostname", "db.test"});
  words.insert(words.end(), more.begin(), more.end());
  Child client(words);
  client.say("hello\n");
  run_until(loop, [&] { return ear.heard == "hello\n" || ear.closed; });
  INFO(client.printed());
  REQUIRE(ear.heard == "hello\n");
  CHECK(ear.stream->alpn() == "postgresql");
  ear.stream->write(as_bytes("welcome\n"));
  run_until(loop, [&] { return client.printed().find("welcome") != std::string::npos; });
}

TEST_CASE("clients that cannot be served are told apart") {
  TempDir dir;
  auto server = open_server(dir);
  Loop loop;
  Ear ear;
  auto listener = Listener::open(loop, {"127.0.0.1"}, 0, {}, [&](StreamPtr stream) {
    ear.take(std::move(stream));
    ear.stream->start_tls_server(*server, {"127.0.0.1"}, {});
  });
  std::vector<std::string> words = {"openssl", "s_client", "-connect",
                                    "127.0.0.1:" + std::to_string((*listener)->port())};
  std::string expected;
  SECTION("no trust in our CA") {
    test::make_certificates(dir, "DNS:db.test");
    words.insert(words.end(), {"-verify_return_error", "-CAfile", dir / "ca.pem"});
    expected = "does not trust this pod's CA";
  }
  SECTION("no protocol of ours") {
    words.insert(words.end(), {"-alpn", "http/1.1"});
    expected = "ALPN";
  }
  Child client(words);
  run_until(loop, [&] { return ear.closed; });
  INFO(ear.why);
  CHECK(ear.why.find(expected) != std::string::npos);
}

TEST_CASE("bytes that are not TLS end the handshake with words") {
  TempDir dir;
  auto server = open_server(dir);
  Loop loop;
  Pair pair(loop);
  pair.server.stream->start_tls_server(*server, {"127.0.0.1"}, {});
  pair.client.stream->write(as_bytes("GET / HTTP/1.1\r\n\r\n"));
  run_until(loop, [&] { return pair.server.closed; });
  CHECK(pair.server.why.find("HTTP") != std::string::npos);
}

TEST_CASE("we verify a real server, and it resumes") {
  TempDir dir;
  test::make_certificates(dir, "DNS:db.test,IP:127.0.0.1");
  std::string version = GENERATE(std::string("-tls1_3"), std::string("-tls1_2"));
  Peer peer(dir, {version, "-rev"});
  TlsClient client(trusting(dir / "ca.pem"));
  Loop loop;
  for (const char* name : {"db.test", "127.0.0.1", "db.test"}) {
    Ear ear;
    connect(loop, ear, peer, client, name);
    REQUIRE(ear.why == "");
    CHECK(ear.stream->tls_server_end_point().size() == 32);
    ear.stream->write(as_bytes("olleh\n"));
    run_until(loop, [&] { return ear.heard == "hello\n" || ear.closed; });
    CHECK(ear.heard == "hello\n");
  }
}

TEST_CASE("a server that we must not trust is refused in words") {
  TempDir dir;
  test::make_certificates(dir, "DNS:db.test");
  Peer peer(dir);
  TlsClientOptions options = trusting(dir / "ca.pem");
  std::string name = "db.test", expected;
  SECTION("another name") {
    name = "other.test";
    expected = "is for db.test and not for other.test";
  }
  SECTION("another address") {
    name = "127.0.0.1";
    expected = "not for 127.0.0.1";
  }
  SECTION("an unknown CA") {
    TempDir stranger;
    test::make_certificates(stranger, "DNS:db.test");
    std::filesystem::copy_file(stranger / "ca.pem", dir / "stranger.pem");
    options.ca_file = dir / "stranger.pem";
    expected = "stranger.pem";
  }
  SECTION("no CA file") {
    options.ca_file = dir / "missing.pem";
    expected = "missing.pem";
  }
  SECTION("an empty CA file") {
    std::ofstream(dir / "empty.pem") << "\n";
    options.ca_file = dir / "empty.pem";
    expected = "empty.pem holds no certificate";
  }
  TlsClient client(options);
  Loop loop;
  Ear ear;
  connect(loop, ear, peer, client, name);
  INFO(ear.why);
  CHECK_FALSE(ear.was_secure);
  CHECK(ear.why.find(expected) != std::string::npos);
}

TEST_CASE("verify-ca takes another name, and an expired certificate is refused") {
  TempDir dir;
  SECTION("verify-ca") {
    test::make_certificates(dir, "DNS:db.test");
    Peer peer(dir);
    TlsClientOptions options = trusting(dir / "ca.pem");
    options.verify = TlsVerify::kCa;
    TlsClient client(options);
    Loop loop;
    Ear ear;
    connect(loop, ear, peer, client, "other.test");
    CHECK(ear.why == "");
  }
  SECTION("expired") {
    test::make_certificates(dir, "DNS:db.test", -1);
    Peer peer(dir);
    TlsClient client(trusting(dir / "ca.pem"));
    Loop loop;
    Ear ear;
    connect(loop, ear, peer, client, "db.test");
    CHECK(ear.why.find("has expired") != std::string::npos);
  }
}

TEST_CASE("a client certificate is shown, and a changed one is used by the next connection") {
  TempDir dir;
  test::make_certificates(dir, "DNS:db.test");
  Peer peer(dir, {"-Verify", "1", "-CAfile", dir / "ca.pem", "-verify_return_error"});
  TlsClientOptions options = trusting(dir / "ca.pem");
  Loop loop;
  SECTION("none") {
    TlsClient client(options);
    Ear ear;
    connect(loop, ear, peer, client, "db.test");
    run_until(loop, [&] { return ear.closed; });
    CHECK(ear.why.find("wants a client certificate") != std::string::npos);
  }
  SECTION("one, then a broken one") {
    std::filesystem::copy_file(dir / "server.pem", dir / "client.pem");
    std::filesystem::copy_file(dir / "server.key", dir / "client.key");
    options.certificate_file = dir / "client.pem";
    options.key_file = dir / "client.key";
    TlsClient client(options);
    std::uint64_t before = client.generation();
    CHECK(client.generation() == before);
    Ear ear;
    connect(loop, ear, peer, client, "db.test");
    CHECK(ear.why == "");
    std::ofstream(dir / "client.key") << "gone";
    CHECK(client.generation() == before + 1);
    CHECK(client.generation() == before + 1);
    CHECK_FALSE(client.check().ok());
    Ear second;
    connect(loop, second, peer, client, "db.test");
    CHECK(second.why.find("client.key holds no unencrypted private key") != std::string::npos);
  }
}

TEST_CASE("a server without TLS is told from one that left") {
  Loop loop;
  TempDir dir;
  test::make_certificates(dir, "DNS:db.test");
  TlsClient client(trusting(dir / "ca.pem"));
  Pair pair(loop);
  pair.client.stream->start_tls_client(client, "db.test");
  SECTION("plain bytes") {
    pair.server.stream->write(as_bytes("E no TLS here"));
    run_until(loop, [&] { return pair.client.closed; });
    CHECK(pair.client.why.find("does not speak TLS") != std::string::npos);
  }
  SECTION("the end") {
    run_until(loop, [&] { return !pair.server.heard.empty(); });
    pair.server.stream->end();
    run_until(loop, [&] { return pair.client.closed; });
    CHECK(pair.client.why.find("during the TLS handshake") != std::string::npos);
  }
}

TEST_CASE("what a pause kept under TLS comes before the end") {
  TempDir dir;
  auto server = open_server(dir);
  TlsClient client(trusting(dir / "trust/ca.pem"));
  Loop loop;
  Pair pair(loop);
  pair.server.stream->start_tls_server(*server, {"127.0.0.1"}, {});
  pair.client.stream->start_tls_client(client, "127.0.0.1");
  run_until(loop, [&] { return both_secure(pair) || either_closed(pair); });
  // Each record of its own, so that the first delivery leaves others behind.
  std::string big = pattern(200'000);
  bool paused_once = false;
  pair.client.then = [&](Bytes) {
    pair.client.stream->pause();
    paused_once = true;
  };
  pair.server.stream->write(as_bytes(big));
  bool orderly = GENERATE(true, false);
  orderly ? pair.server.stream->end() : pair.server.stream->close_after_flush();
  run_until(loop, [&] { return paused_once; });
  int turns = 0;
  run_until(loop, [&] { return ++turns > 20; });
  CHECK_FALSE(pair.client.ended);
  run_until(loop, [&] {
    if (pair.client.stream->paused()) pair.client.stream->resume();
    return pair.client.ended || pair.client.closed;
  });
  CHECK(pair.client.ended);
  CHECK((pair.client.heard == big));
}
