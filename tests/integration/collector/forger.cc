// A writer that holds a token and means ill: sends what a sound writer never would. For the
// collector's tests; prints a line of JSON for each request.
//   forger URL CA TOKEN-FILE SCENARIO
#include <httplib.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "audit/frame.h"
#include "audit/shipping.h"
#include "audit/text.h"
#include "tests/unit/audit/sample.h"

namespace {
using namespace chaperone;
using audit::Buffer;

class Forger {
 public:
  Forger(const std::string& host, int port, const std::string& ca, std::string token)
      : client_(host, port), token_(std::move(token)) {
    client_.set_ca_cert_path(ca);
    client_.enable_server_certificate_verification(true);
    client_.set_keep_alive(true);
  }

  void enrol(const audit::TestChain& chain) { enrol(chain.writer(), chain.key()); }
  // `next` enrols as the successor of `previous`, by the word of whoever holds `by`.
  void enrol_next(const char* step, const audit::Id& writer, const audit::SigningKey& next,
                  const audit::PublicKey& previous, const audit::SigningKey& by) {
    auto hash = audit::sha256(as_bytes(token_));
    auto proof = next.sign(as_bytes(audit::enrol_message(writer, next.public_key(), hash)));
    auto word = by.sign(
        as_bytes(audit::succession_message(writer, previous, next.public_key(), hash)));
    std::string body = "{\"writer\":\"" + audit::hex(writer) + "\",\"key\":\"" +
                       audit::hex(next.public_key()) + "\",\"signature\":\"" +
                       audit::hex(proof) + "\",\"previous\":\"" + audit::hex(previous) +
                       "\",\"succession\":\"" + audit::hex(word) + "\"}";
    report(step, client_.Post("/v1/enrol", headers(), body, "application/json"));
  }
  void enrol(const audit::Id& writer, const audit::SigningKey& key) {
    auto hash = audit::sha256(as_bytes(token_));
    auto proof = key.sign(as_bytes(audit::enrol_message(writer, key.public_key(), hash)));
    std::string body = "{\"writer\":\"" + audit::hex(writer) + "\",\"key\":\"" +
                       audit::hex(key.public_key()) + "\",\"signature\":\"" + audit::hex(proof) +
                       "\"}";
    report("enrol", client_.Post("/v1/enrol", headers(), body, "application/json"));
  }

  // Records [first, last) of the chain, counted from 0.
  void send(const char* step, const audit::TestChain& chain, std::size_t first, std::size_t last,
            bool gap = false) {
    send_raw(step, chain.writer(), chain.key(), frames(chain, first, last), gap);
  }

  void send_raw(const char* step, const audit::Id& writer, const audit::SigningKey& key,
                const std::string& body, bool gap = false) {
    httplib::Headers all = headers();
    all.emplace("Chaperone-Writer", audit::hex(writer));
    all.emplace("Chaperone-Signature",
                audit::hex(key.sign(as_bytes(audit::batch_message(writer, as_bytes(body), gap)))));
    if (gap) all.emplace("Chaperone-Gap", "declared");
    report(step, client_.Post("/v1/batches", all, body, "application/vnd.chaperone.frames"));
  }

  static std::string frames(const audit::TestChain& chain, std::size_t first, std::size_t last) {
    std::string out;
    for (std::size_t i = first; i < last; ++i) audit::append_frame(out, chain.records()[i]);
    return out;
  }

 private:
  httplib::Headers headers() const { return {{"Authorization", "Bearer " + token_}}; }
  static void report(const char* step, const httplib::Result& result) {
    std::string body = result && result->status != 200 ? result->body : "null";
    bool text = result && result->status == 200 &&
                result->get_header_value("Content-Type") == "application/json";
    if (text) body = result->body;
    std::printf(
        "{\"step\":\"%s\",\"status\":%d,\"acknowledged\":\"%s\",\"expected\":\"%s\",\"error\":\"%"
        "s\",\"body\":%s}\n",
        step, result ? result->status : -1,
        result ? result->get_header_value("Chaperone-Acknowledged").c_str() : "",
        result ? result->get_header_value("Chaperone-Expected").c_str() : "",
        result ? result->get_header_value("Chaperone-Error").c_str() : "", body.c_str());
    std::fflush(stdout);
  }

  httplib::SSLClient client_;
  std::string token_;
};

void grow(audit::TestChain& chain, int records, const std::string& word = "select") {
  for (int i = 0; i < records; ++i) chain.add(word + " " + std::to_string(i));
  chain.checkpoint();
}

void duplicates(Forger& forger) {
  audit::TestChain chain(audit::random_id(), 1);
  grow(chain, 9);
  forger.enrol(chain);
  forger.enrol(chain);
  forger.send("first", chain, 0, 5);
  forger.send("same", chain, 0, 5);
  forger.send("older", chain, 1, 3);
  forger.send("overlap", chain, 3, 10);
  forger.send("all", chain, 0, 10);
}

void gaps(Forger& forger) {
  audit::TestChain chain(audit::random_id(), 2);
  grow(chain, 20);
  forger.enrol(chain);
  forger.send("first", chain, 0, 5);
  forger.send("hole", chain, 8, 12);
  forger.send("declared", chain, 8, 12, true);
  forger.send("rest", chain, 12, 21);
}

void forks(Forger& forger) {
  audit::Id writer = audit::random_id();
  audit::TestChain chain(writer, 3), other(writer, 3);
  grow(chain, 10);
  grow(other, 14, "other");
  forger.enrol(chain);
  forger.send("first", chain, 0, 11);
  forger.send("same_sequences", other, 0, 11);
  forger.send("beyond", other, 0, 15);
  forger.send("next", other, 11, 15);
  forger.send("old", other, 2, 5);
}

void damage(Forger& forger) {
  audit::TestChain chain(audit::random_id(), 4), stranger(chain.writer(), 5);
  grow(chain, 10);
  grow(stranger, 10);
  forger.enrol(chain);
  std::string whole = Forger::frames(chain, 0, 11), flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 1);
  forger.send_raw("flipped", chain.writer(), chain.key(), flipped);
  forger.send_raw("cut", chain.writer(), chain.key(), whole.substr(0, whole.size() - 3));
  forger.send_raw("empty", chain.writer(), chain.key(), "");
  std::string nonsense;
  audit::append_frame(nonsense, as_bytes("this is no record at all"));
  forger.send_raw("nonsense", chain.writer(), chain.key(), nonsense);
  forger.send_raw("shuffled", chain.writer(), chain.key(),
                  Forger::frames(chain, 0, 3) + Forger::frames(chain, 4, 6));
  // Another key's checkpoint inside batches that the right key signed.
  forger.send_raw("checkpoint", chain.writer(), chain.key(), Forger::frames(stranger, 0, 11));
  forger.send_raw("wrong_key", chain.writer(), stranger.key(), whole);
  forger.send_raw("long", chain.writer(), chain.key(), std::string(4 * 1024 * 1024 + 1, 'x'));
  forger.send("sound", chain, 0, 11);
}

// A key changes in order; then everything that a holder of the token, or of the old key, may try.
void key_change(Forger& forger) {
  audit::TestChain chain(audit::random_id(), 8);
  grow(chain, 3);
  audit::TestChain stolen = chain;  // the old key, kept by a thief
  audit::PublicKey first = chain.key().public_key();
  audit::SigningKey next = audit::test_key(9), strange = audit::test_key(10);
  forger.enrol(chain);
  forger.send("first", chain, 0, 4);
  forger.enrol_next("strangers_word", chain.writer(), next, first, strange);
  forger.enrol_next("own_word", chain.writer(), next, first, next);
  forger.enrol_next("of_a_strange_key", chain.writer(), next, strange.public_key(), strange);
  chain.change_key(9);
  forger.send("unenrolled", chain, 4, 5);
  forger.enrol_next("next", chain.writer(), next, first, stolen.key());
  forger.enrol_next("next_again", chain.writer(), next, first, stolen.key());
  grow(chain, 2);
  forger.send("changed", chain, 2, chain.records().size());
  forger.send_raw("old_key", chain.writer(), stolen.key(), Forger::frames(chain, 2, 4));
  forger.enrol_next("old_word", chain.writer(), strange, first, stolen.key());
  audit::TestChain usurper = chain;
  usurper.sign_as(8);
  grow(usurper, 1);
  std::size_t known = chain.records().size();
  forger.send_raw("old_checkpoint", chain.writer(), next,
                  Forger::frames(usurper, known, usurper.records().size()));
  grow(chain, 1);
  forger.send("rest", chain, known, chain.records().size());
}

// A writer that another token enrolled: its id and key are made from the word alone.
void impostor(Forger& forger, bool enrols) {
  audit::TestChain chain(audit::test_id(0x77), 6);
  grow(chain, 3);
  forger.enrol(chain);
  forger.send("batch", chain, 0, 4);
  if (enrols) return;
  audit::SigningKey other = audit::test_key(7);
  forger.enrol(chain.writer(), other);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  std::string url = argv[1], token;
  auto colon = url.rfind(':');
  std::string host = url.substr(8, colon - 8);
  std::ifstream(argv[3]) >> token;
  Forger forger(host, std::atoi(url.c_str() + colon + 1), argv[2], token);
  const std::map<std::string, void (*)(Forger&)> scenarios = {
      {"duplicates", duplicates},
      {"gaps", gaps},
      {"forks", forks},
      {"damage", damage},
      {"key_change", key_change},
      {"owner", [](Forger& f) { impostor(f, true); }},
      {"impostor", [](Forger& f) { impostor(f, false); }}};
  auto found = scenarios.find(argv[4]);
  if (found == scenarios.end()) return 2;
  found->second(forger);
  return 0;
}
