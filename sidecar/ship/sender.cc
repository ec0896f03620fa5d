#include "sidecar/ship/sender.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "audit/checkpoint.h"
#include "audit/shipping.h"
#include "audit/text.h"

namespace chaperone::ship {

namespace {
std::int64_t wall_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}
std::uint64_t mono_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}
}  // namespace

Sender::Sender(spool::Spool& spool, const ShipOptions& options, const Place& place,
               const Interrupt& interrupt)
    : spool_(spool),
      options_(options),
      reader_(spool),
      client_(place, options.ca_file, interrupt),
      cursor_(spool.acknowledged()) {}

// One line; blanks around it do not count, anything else inside makes it unusable in a header.
Result<std::string> Sender::token() const {
  const std::string& path = options_.token_file;
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{"cannot read the token file " + path + ": " + std::strerror(errno)};
  std::string token(kTokenBytesMax + 1, '\0');
  ssize_t got = ::read(fd, token.data(), token.size());
  ::close(fd);
  token.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' '))
    token.pop_back();
  bool plain = !token.empty() && token.size() <= kTokenBytesMax;
  for (char c : token) plain = plain && c > 0x20 && c < 0x7F;
  if (!plain)
    return Error{"the token file " + path +
                 " holds no token: one line of printable characters is wanted"};
  return token;
}

Step Sender::failed(std::string why) {
  error_ = std::move(why);
  return Step::kFailed;
}

Step Sender::step() {
  if (!enrolled_) return enrol();
  return key_change_due() ? change_key() : send();
}

// The document, or how it was refused: `refusal`, with error() set.
Result<std::string> Sender::ask_enrolment(const std::string& body, const std::string& token,
                                          const audit::PublicKey& key, Step& refusal) {
  auto answer = client_.post("/v1/enrol", token, {{"Content-Type", "application/json"}}, body);
  if (answer && answer->head.status != 200) {
    refusal = on_refusal(*answer, "enrolment");
    return Error{error_};
  }
  refusal = Step::kFailed;
  auto meant = answer ? audit::read_enrolment(as_bytes(answer->body))
                      : Result<audit::Enrolment>(answer.error());
  if (!meant) return Error{error_ = meant.error().message};
  if (meant->writer != spool_.writer() || meant->writer_key != key) {
    return Error{error_ = "the collector enrolled another key than ours"};
  }
  return std::move(answer->body);
}

Step Sender::enrol() {
  auto secret = token();
  if (!secret) return failed(secret.error().message);
  audit::PublicKey key = spool_.public_key();
  auto proof = spool_.sign(
      as_bytes(audit::enrol_message(spool_.writer(), key, audit::sha256(as_bytes(*secret)))));
  std::string body = "{\"writer\":\"" + audit::hex(spool_.writer()) + "\",\"key\":\"" +
                     audit::hex(key) + "\",\"signature\":\"" + audit::hex(proof) + "\"}";
  Step refusal = Step::kFailed;
  auto document = ask_enrolment(body, *secret, key, refusal);
  if (!document) return refusal;
  // A spool that is full or closed cannot keep it, and must all the more be shipped: the collector
  // has the enrolment, and the next start asks for it again.
  if (spool_.enrolment() != *document) {
    (void)spool_.enrolled(as_bytes(*document), wall_ns(), mono_ns()).ok();
  }
  enrolled_ = true;
  return Step::kAgain;
}

bool Sender::key_change_due() {
  if (options_.key_age_max_ms == 0) return false;
  std::int64_t age_ms = (wall_ns() - spool_.key_since_ns()) / 1'000'000;
  if (age_ms < static_cast<std::int64_t>(options_.key_age_max_ms)) return false;
  return key_change_tried_ns_ == 0 ||
         mono_ns() - key_change_tried_ns_ >= kKeyChangeRetryMs * 1'000'000;
}

// The next key is enrolled by its own word and the present one's, and then announced in the chain.
Step Sender::change_key() {
  key_change_tried_ns_ = mono_ns();
  auto secret = token();
  if (!secret) return failed(secret.error().message);
  auto next = spool_.next_key();
  if (!next) return failed(next.error().message);
  audit::Id writer = spool_.writer();
  audit::PublicKey key = spool_.public_key();
  audit::Hash hash = audit::sha256(as_bytes(*secret));
  auto proof = spool_.sign_as_next(as_bytes(audit::enrol_message(writer, *next, hash)));
  auto word = spool_.sign(as_bytes(audit::succession_message(writer, key, *next, hash)));
  std::string body = "{\"writer\":\"" + audit::hex(writer) + "\",\"key\":\"" +
                     audit::hex(*next) + "\",\"signature\":\"" + audit::hex(proof) +
                     "\",\"previous\":\"" + audit::hex(key) + "\",\"succession\":\"" +
                     audit::hex(word) + "\"}";
  Step refusal = Step::kFailed;
  auto document = ask_enrolment(body, *secret, *next, refusal);
  if (!document) return refusal;
  auto changed = spool_.change_key(as_bytes(*document), wall_ns(), mono_ns());
  if (!changed) return failed("the signing key was not changed: " + changed.error().message);
  key_change_tried_ns_ = 0;
  return Step::kAgain;
}

Step Sender::send() {
  auto batch = reader_.next(cursor_, options_.batch_bytes);
  if (!batch) return failed(batch.error().message);
  if (batch->frames.empty()) {
    if (mono_ns() - sent_at_ns_ > std::uint64_t{kKeepMs} * 1'000'000) client_.drop();
    return Step::kIdle;
  }
  batch_ = std::move(*batch);
  auto secret = token();
  if (!secret) return failed(secret.error().message);
  // The collector named a record that we no longer have: what is missing is gone, and it is said
  // so.
  bool gap = expected_ != 0 && batch_.first_sequence > expected_;
  auto proof =
      spool_.sign(as_bytes(audit::batch_message(spool_.writer(), as_bytes(batch_.frames), gap)));
  std::vector<std::pair<std::string_view, std::string>> headers = {
      {"Content-Type", "application/vnd.chaperone.frames"},
      {"Chaperone-Writer", audit::hex(spool_.writer())},
      {"Chaperone-Signature", audit::hex(proof)}};
  if (gap) headers.emplace_back("Chaperone-Gap", "declared");
  auto answer = client_.post("/v1/batches", *secret, headers, batch_.frames);
  sent_at_ns_ = mono_ns();
  if (!answer) return failed(answer.error().message);
  return on_batch_answer(*answer);
}

Step Sender::on_batch_answer(const Answer& answer) {
  const Head& head = answer.head;
  if (head.status == 200) {
    if (head.acknowledged < batch_.last_sequence)
      return failed("the collector acknowledged less than it took");
    // It may say more (sent before a crash of ours); only what it was shown now is known to agree.
    cursor_ = {batch_.last_sequence};
    expected_ = 0;
    spool_.acknowledge(cursor_);
    sent_records_ = batch_.records;
    sent_bytes_ = batch_.frames.size();
    batch_ = {};
    error_.clear();
    return Step::kSent;
  }
  if (head.status == 409 && head.error == "gap" && head.expected != 0 &&
      head.expected != expected_) {
    expected_ = head.expected;
    cursor_ = {head.expected - 1};
    return Step::kAgain;
  }
  if (head.status == 404) enrolled_ = false;
  return on_refusal(answer, "records");
}

Step Sender::on_refusal(const Answer& answer, const char* what) {
  return failed("the collector refused our " + std::string(what) + " with status " +
                std::to_string(answer.head.status) +
                (answer.head.error.empty() ? "" : " (" + answer.head.error + ")") +
                "; see its documentation for what to do");
}

}  // namespace chaperone::ship
