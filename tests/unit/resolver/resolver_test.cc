// The resolver between a client on loopback and a server that answers as it is told.
#include "sidecar/dns/resolver.h"

#include <catch2/catch.hpp>

#include "proto-parsers/dns/limits.h"
#include "proto-parsers/dns/name.h"
#include "sidecar/dns/server.h"
#include "sidecar/net/dialer.h"
#include "sidecar/net/timer.h"
#include "sidecar/policy/loader.h"

using namespace chaperone;
using namespace chaperone::dns;

namespace {

net::Address loopback(std::uint16_t port) { return *net::Address::parse("127.0.0.1", port); }

template <class T>
T taken(Result<T> result) {
  REQUIRE(result.ok());
  return std::move(result).value();
}

void run_until(net::Loop& loop, const std::function<bool()>& done) {
  bool late = false;
  net::Timer guard(loop, [&] { late = true; });
  guard.start(20'000);
  net::Timer look(loop, [&] { if (late || done()) loop.stop(); });
  look.start(1, 1);
  loop.run();
  REQUIRE_FALSE(late);
}

// Answers each question by `reply`; empty: says nothing.
struct FakeServer {
  std::unique_ptr<net::Datagram> udp;
  std::unique_ptr<net::Listener> tcp;
  std::function<Answer(const Question&)> reply;
  bool silent = false, truncate = false, forge_first = false;
  int asked = 0, asked_by_tcp = 0;

  struct Client final : net::StreamObserver {
    FakeServer* server = nullptr;
    net::StreamPtr stream;
    void on_bytes(Bytes bytes) override {
      ++server->asked_by_tcp;
      const std::string sent = server->answer(bytes.subspan(2));
      const std::string framed =
          std::string{static_cast<char>(sent.size() >> 8), static_cast<char>(sent.size())} + sent;
      // In two pieces: readers must join them.
      stream->write(as_bytes(std::string_view(framed).substr(0, 7)));
      stream->write(as_bytes(std::string_view(framed).substr(7)));
    }
    void on_end() override { stream->close(); }
    void on_closed(const Error*) override {}
  };
  std::vector<std::unique_ptr<Client>> clients;

  explicit FakeServer(net::Loop& loop) {
    auto listener = net::Listener::open(loop, {"127.0.0.1"}, 0, {}, [this](net::StreamPtr stream) {
      clients.push_back(std::make_unique<Client>());
      clients.back()->server = this;
      clients.back()->stream = std::move(stream);
      clients.back()->stream->observe(clients.back().get());
    });
    REQUIRE(listener.ok());
    tcp = std::move(listener).value();
    auto opened = net::Datagram::open(loop, loopback(tcp->port()),
                                      [this](Bytes bytes, const net::Address& peer) { received(bytes, peer); });
    REQUIRE(opened.ok());
    udp = std::move(opened).value();
  }
  void received(Bytes bytes, const net::Address& peer) {
    ++asked;
    if (silent) return;
    if (forge_first) {
      std::string forged = answer(bytes);
      forged[0] = static_cast<char>(forged[0] + 1);
      udp->send(as_bytes(forged), &peer);
    }
    std::string sent = answer(bytes);
    if (truncate) sent[2] = static_cast<char>(sent[2] | 2);
    udp->send(as_bytes(sent), &peer);
  }
  std::string answer(Bytes bytes) {
    Query query;
    REQUIRE(read_query(bytes, query) == nullptr);
    const Answer answer = reply(query.question);
    return encode_reply(query, {&answer, 0, {}}, kMessageBytesMax);
  }
};

struct Log final : NameLog {
  std::vector<std::string> lines;
  bool full = false;
  bool asked(const Asked& asked) override {
    lines.push_back(std::string(asked.allowed ? "allow " : "deny ") + asked.question.name + " " +
                    std::string(asked.rule));
    return !full;
  }
};

const std::string kPolicy = R"(version: 1
resources:
- {name: db, protocol: postgres, hosts: [db.example.org], addresses: [10.0.0.0/24], tls: off}
dns: {names: ["*.open.example"]}
)";

std::shared_ptr<const policy::Policy> policy_of(const std::string& text) {
  auto parsed = policy::parse_policy(text, "p.yaml");
  REQUIRE(parsed.ok());
  return *parsed;
}

std::string four(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
}

struct World {
  net::Loop loop;
  FakeServer server{loop};
  std::vector<net::Address> servers{loopback(server.tcp->port())};
  Bindings bindings;
  Log log;
  Resolver resolver{loop, servers, bindings, log, policy_of(kPolicy)};
  std::string address = four(10, 0, 0, 7);

  World() {
    server.reply = [this](const Question& question) {
      return Answer{Rcode::kNoError, {{question.name, question.type, 60, address, {}}}, {}};
    };
  }
  // The resolver's answer, decoded.
  Response ask(const std::string& name, Type type = Type::kA) {
    std::string reply;
    bool told = false;
    resolver.ask(as_bytes(encode_query(77, {name, type})), false, [&](const std::string& message) {
      reply = message;
      told = true;
    });
    run_until(loop, [&] { return told; });
    Response response;
    REQUIRE(read_response(as_bytes(reply), response) == nullptr);
    CHECK(response.id == 77);
    CHECK(response.question == Question{name, type});
    return response;
  }
  std::vector<std::string> names(std::uint8_t d = 7) {
    return bindings.names_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, d}, loop.now_ms());
  }
};

}  // namespace

TEST_CASE("an allowed name is asked once, answered twice, and bound") {
  World world;
  CHECK(world.names().empty());
  CHECK(world.ask("db.example.org").answer.records.size() == 1);
  CHECK(world.ask("db.example.org").answer.records[0].data == world.address);
  CHECK(world.server.asked == 1);
  CHECK(world.names() == std::vector<std::string>{"db.example.org"});
  CHECK(world.resolver.counters().cached == 1);
  CHECK(world.log.lines[0] == "allow db.example.org db");
}

TEST_CASE("a name that nobody allowed never leaves") {
  World world;
  CHECK(world.ask("evil.example").answer.rcode == Rcode::kNxDomain);
  CHECK(world.ask("db.example.org.pod.svc").answer.rcode == Rcode::kNxDomain);
  CHECK(world.server.asked == 0);
  CHECK(world.log.lines[0] == "deny evil.example default");
}

TEST_CASE("types that carry data are refused") {
  World world;
  for (Type type : {Type::kTxt, Type::kNull, Type::kAny, Type{999}}) {
    CHECK(world.ask("db.example.org", type).answer.rcode == Rcode::kRefused);
  }
  CHECK(world.server.asked == 0);
}

TEST_CASE("a tunnel is refused before anything leaves") {
  World world;
  const auto told = world.ask("mzxw6ytboi2gk3tdnbxw4zlsmfxgiidq.open.example");
  CHECK(told.answer.rcode == Rcode::kRefused);
  CHECK(world.server.asked == 0);
  CHECK(world.resolver.counters().tunnels == 1);
}

TEST_CASE("rebinding: one address out of bounds and the whole answer is withheld") {
  World world;
  world.server.reply = [](const Question& question) {
    return Answer{Rcode::kNoError,
                  {{question.name, Type::kA, 60, four(93, 184, 216, 34), {}},
                   {question.name, Type::kA, 60, four(169, 254, 169, 254), {}}},
                  {}};
  };
  CHECK(world.ask("a.open.example").answer.rcode == Rcode::kNxDomain);
  CHECK(world.bindings.size() == 0);
  world.server.reply = [](const Question& question) {
    return Answer{Rcode::kNoError, {{question.name, Type::kA, 60, four(10, 0, 1, 7), {}}}, {}};
  };
  CHECK(world.ask("db.example.org").answer.rcode == Rcode::kNxDomain);  // not in its 10.0.0.0/24
  CHECK(world.ask("b.open.example").answer.rcode == Rcode::kNxDomain);
  CHECK(world.resolver.counters().rebindings == 3);
  CHECK(world.bindings.size() == 0);
}

TEST_CASE("a truncated answer is fetched over TCP") {
  World world;
  world.server.truncate = true;
  CHECK(world.ask("db.example.org").answer.records.size() == 1);
  CHECK(world.server.asked_by_tcp == 1);
}

TEST_CASE("an answer with another id is waited past") {
  World world;
  world.server.forge_first = true;
  CHECK(world.ask("db.example.org").answer.records.size() == 1);
}

TEST_CASE("nobody answers: SERVFAIL, after asking again") {
  World world;
  world.server.silent = true;
  CHECK(world.ask("db.example.org").answer.rcode == Rcode::kServFail);
  CHECK(world.server.asked == 3);
  CHECK(world.resolver.counters().failed == 1);
  CHECK(world.resolver.pending() == 0);
}

TEST_CASE("the same question under way is asked once") {
  World world;
  int told = 0;
  for (int i = 0; i < 5; ++i) {
    world.resolver.ask(as_bytes(encode_query(1, {"db.example.org", Type::kA})), false,
                       [&](const std::string&) { ++told; });
  }
  run_until(world.loop, [&] { return told == 5; });
  CHECK(world.server.asked == 1);
}

TEST_CASE("what cannot be recorded is not answered") {
  World world;
  world.log.full = true;
  CHECK(world.ask("db.example.org").answer.rcode == Rcode::kServFail);
  CHECK(world.server.asked == 0);
}

TEST_CASE("a new policy speaks at once, also about what is cached") {
  World world;
  CHECK(world.ask("db.example.org").answer.records.size() == 1);
  world.resolver.set_policy(policy_of("version: 1\n"));
  CHECK(world.ask("db.example.org").answer.rcode == Rcode::kNxDomain);
}

TEST_CASE("a new policy speaks about a question that is under way, too") {
  World world;
  std::string reply;
  world.resolver.ask(as_bytes(encode_query(1, {"db.example.org", Type::kA})), false,
                     [&](const std::string& message) { reply = message; });
  world.resolver.set_policy(policy_of("version: 1\n"));
  run_until(world.loop, [&] { return !reply.empty(); });
  Response response;
  REQUIRE(read_response(as_bytes(reply), response) == nullptr);
  CHECK(response.answer.rcode == Rcode::kNxDomain);
  CHECK(world.bindings.size() == 0);
}

TEST_CASE("what is no query gets a head with its id, an answer gets nothing") {
  World world;
  std::string reply = "none";
  world.resolver.ask(as_bytes(std::string("\x12\x34\x01\0\0\0\0\0\0\0\0\0", 12)), false,
                     [&](const std::string& message) { reply = message; });
  CHECK(reply == std::string("\x12\x34\x80\1\0\0\0\0\0\0\0\0", 12));
  reply = "none";
  world.resolver.ask(as_bytes(std::string("\x12\x34\x81\0\0\1\0\0\0\0\0\0", 12)), false,
                     [&](const std::string& message) { reply = message; });
  CHECK(reply == "none");
  CHECK(world.resolver.counters().malformed == 2);
}

namespace {

// A client of the whole server.
struct TcpEar : net::StreamObserver {
  net::StreamPtr stream;
  std::string heard;
  bool closed = false;
  void on_bytes(Bytes bytes) override { heard += as_text(bytes); }
  void on_end() override {}
  void on_closed(const Error*) override { closed = true; }
};

std::string framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} + message;
}

}  // namespace

TEST_CASE("over UDP and TCP, several questions at once and byte by byte") {
  World world;
  auto opened = Server::open(world.loop, {"127.0.0.1"}, 0, world.resolver);
  REQUIRE(opened.ok());
  auto server = std::move(opened).value();

  std::string udp_heard;
  auto udp = taken(net::Datagram::connect(world.loop, loopback(server->port()),
                                     [&](Bytes bytes, const net::Address&) { udp_heard = as_text(bytes); },
                                           [](const Error&) {}));
  udp->send(as_bytes(encode_query(5, {"db.example.org", Type::kA})));
  run_until(world.loop, [&] { return !udp_heard.empty(); });

  TcpEar ear;
  net::Dialer dialer(world.loop, loopback(server->port()), 5000, [&](Result<net::StreamPtr> stream) {
    REQUIRE(stream.ok());
    ear.stream = std::move(stream).value();
    ear.stream->observe(&ear);
  });
  run_until(world.loop, [&] { return ear.stream != nullptr; });
  // More than may be under way at a time, so that the server pauses and goes on.
  std::string all;
  constexpr int kQuestions = 300;
  for (int i = 0; i < kQuestions; ++i) {
    all += framed(encode_query(static_cast<std::uint16_t>(i), {i % 2 ? "db.example.org" : "no.example", Type::kA}));
  }
  for (char byte : all.substr(0, 100)) ear.stream->write(as_bytes({&byte, 1}));
  ear.stream->write(as_bytes(std::string_view(all).substr(100)));
  const auto answers = [&] {
    int count = 0;
    for (std::size_t at = 0; at + 2 <= ear.heard.size();) {
      at += 2 + (static_cast<std::uint8_t>(ear.heard[at]) << 8 | static_cast<std::uint8_t>(ear.heard[at + 1]));
      if (at <= ear.heard.size()) ++count;
    }
    return count;
  };
  run_until(world.loop, [&] { return answers() == kQuestions; });
  ear.stream->end();
  run_until(world.loop, [&] { return ear.closed; });
}

TEST_CASE("a server that goes away with a question under way is silent") {
  World world;
  world.server.silent = true;
  auto server = taken(Server::open(world.loop, {"127.0.0.1"}, 0, world.resolver));
  auto udp = taken(net::Datagram::connect(world.loop, loopback(server->port()),
                                     [](Bytes, const net::Address&) { FAIL("an answer"); }, [](const Error&) {}));
  udp->send(as_bytes(encode_query(5, {"db.example.org", Type::kA})));
  run_until(world.loop, [&] { return world.resolver.pending() == 1; });
  server.reset();
  run_until(world.loop, [&] { return world.resolver.pending() == 0; });
}
