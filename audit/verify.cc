#include "audit/verify.h"

#include <algorithm>
#include <map>
#include <set>

#include "audit/chain.h"
#include "audit/decoded.h"
#include "audit/export_reader.h"
#include "audit/text.h"

namespace chaperone::audit {
namespace {

std::string record_named(std::uint64_t sequence) { return "record " + std::to_string(sequence); }

class Verifier {
 public:
  Verifier(Bytes file, const PublicKey& collector) : reader_(file), collector_(collector) {}
  VerifyReport run();

 private:
  void on_frame();
  void on_header();
  void on_enrolment();
  void on_section();
  void on_record();
  void on_damage(const char* fault);
  void on_damaged_frame();
  void on_end();
  void end_section();

  void on_first(std::uint64_t sequence);
  void on_linked();
  void on_unlinked(LinkFault fault, const ChainPoint& now);
  void on_checkpoint(const DecodedRecord& record);
  void on_key_change(const DecodedRecord& record);
  void settle_suspicion(bool linked);
  void declare(const DecodedRecord& record);
  bool enrolled(const PublicKey& key) const;
  std::string signer_fault(const DecodedRecord& record) const;
  void vouched();
  void broken(std::uint64_t sequence, std::uint64_t offset, std::string why);

  Section& section() { return report_.sections.back(); }

  ExportReader reader_;
  PublicKey collector_;
  VerifyReport report_;
  std::map<Id, std::vector<Enrolment>> enrolments_;  // each key once
  std::set<Id> seen_;                                // writers whose section began
  bool repeated_ = false;                            // this section's writer had one before
  bool in_section_ = false, header_seen_ = false, end_seen_ = false;

  ChainPoint at_;  // the last record of this section
  std::uint64_t at_offset_ = 0;
  bool at_blamed_ = true;      // that record is known to be bad, or there is none
  std::uint64_t pending_ = 0;  // chained without a break since the last valid checkpoint
  // The key that may sign now (none: not seen yet, or a break may have hidden a change), and those
  // whose time is over: a key that leaked after its retirement must prove nothing.
  std::optional<PublicKey> signer_;
  std::vector<PublicKey> retired_;
  // A link that does not hold says that one of two records was altered; the next link says which.
  bool suspicion_ = false;
  std::uint64_t suspect_ = 0, suspect_offset_ = 0;
};

void Verifier::broken(std::uint64_t sequence, std::uint64_t offset, std::string why) {
  ++report_.break_count;
  if (report_.breaks.size() >= kBreaksMax) return;
  report_.breaks.push_back(
      {in_section_ ? section().writer : Id{}, sequence, offset, std::move(why)});
}

bool Verifier::enrolled(const PublicKey& key) const {
  const auto& known = report_.sections.back().enrolments;
  return std::any_of(known.begin(), known.end(),
                     [&](const Enrolment& e) { return e.writer_key == key; });
}

void Verifier::on_header() {
  bool known = as_text(reader_.body()).starts_with(kExportMagic);
  if (!known || header_seen_)
    broken(0, reader_.offset(), "not the header of an export of version 1");
  header_seen_ = true;
}

void Verifier::on_enrolment() {
  auto enrolment = decode_enrolment(reader_.body(), collector_);
  if (!enrolment) return broken(0, reader_.offset(), enrolment.error().message);
  auto& known = enrolments_[enrolment->writer];
  bool again = std::any_of(known.begin(), known.end(), [&](const Enrolment& e) {
    return e.writer_key == enrolment->writer_key;
  });
  if (!again) known.push_back(std::move(*enrolment));
}

void Verifier::on_section() {
  end_section();
  Section section;
  if (reader_.body().size() != section.writer.size()) {
    return broken(0, reader_.offset(), "the head of a section is altered");
  }
  std::copy(reader_.body().begin(), reader_.body().end(), section.writer.begin());
  if (report_.sections.size() == kSectionsMax) {
    return broken(0, reader_.offset(), "more writers than an export may hold; the rest is ignored");
  }
  auto known = enrolments_.find(section.writer);
  if (known != enrolments_.end()) section.enrolments = known->second;
  repeated_ = !seen_.insert(section.writer).second;
  report_.sections.push_back(std::move(section));
  in_section_ = true;
  if (repeated_) {
    broken(0, reader_.offset(),
           "the records of writer " + hex(report_.sections.back().writer) +
               " begin a second time: an export holds each writer's once, so that none between "
               "them can be left out, repeated or put elsewhere unseen");
  }
  at_ = {};
  at_blamed_ = true;
  pending_ = 0;
  signer_.reset();
  retired_.clear();
}

void Verifier::end_section() {
  if (!in_section_) return;
  settle_suspicion(false);
  section().unsigned_tail = pending_;
  if (section().records > 0 && section().proven == 0 && !repeated_) {
    broken(0, reader_.offset(),
           "nothing of writer " + hex(section().writer) +
               " is covered by a checkpoint that holds: none of it is proven");
  }
  report_.proven += section().proven;
  report_.unsigned_tail += section().unsigned_tail;
  in_section_ = false;
}

// `linked`: the record now read is chained to the one before it.
void Verifier::settle_suspicion(bool linked) {
  if (!suspicion_) return;
  suspicion_ = false;
  std::string both =
      record_named(suspect_) + " is not the one that " + record_named(suspect_ + 1) + " followed: ";
  if (linked)
    return broken(suspect_, suspect_offset_, both + record_named(suspect_) + " was altered");
  broken(suspect_ + 1, at_offset_,
         both + record_named(suspect_ + 1) + " was altered, or both were");
  at_blamed_ = true;
}

void Verifier::on_first(std::uint64_t sequence) {
  if (section().records == 0) section().first_sequence = sequence;
  pending_ = 1;
}

void Verifier::on_unlinked(LinkFault fault, const ChainPoint& now) {
  settle_suspicion(false);
  std::uint64_t expected = at_.sequence + 1;
  if (fault == LinkFault::kHash && !at_blamed_) {
    suspicion_ = true;
    suspect_ = at_.sequence;
    suspect_offset_ = at_offset_;
  }
  if (fault == LinkFault::kGap) {
    std::string missing = now.sequence - expected == 1
                              ? record_named(expected) + " is"
                              : "records " + std::to_string(expected) + " to " +
                                    std::to_string(now.sequence - 1) + " are";
    broken(expected, reader_.offset(), missing + " missing before " + record_named(now.sequence));
  }
  if (fault == LinkFault::kBackward) {
    broken(now.sequence, reader_.offset(),
           record_named(now.sequence) + " comes after " + record_named(at_.sequence) + ": " +
               why(fault));
  }
  pending_ = 1;
  signer_.reset();
}

void Verifier::on_linked() {
  settle_suspicion(true);
  ++pending_;
}

// Why the key that this record names may not sign here; empty if it may.
std::string Verifier::signer_fault(const DecodedRecord& record) const {
  const PublicKey& key = *record.key;
  if (!enrolled(key)) {
    return " is signed with the key " + key_name(key) +
           ", for which no enrolment by this collector is in the export";
  }
  if (std::find(retired_.begin(), retired_.end(), key) != retired_.end()) {
    return " is signed with the key " + key_name(key) + ", which the writer gave up before";
  }
  if (signer_ && *signer_ != key) {
    return " is signed with the key " + key_name(key) + ", though " + key_name(*signer_) +
           " signed until here and never named it as the next";
  }
  return {};
}

// A signature right behind a break vouches for itself alone: pending_ is 1 then.
void Verifier::vouched() {
  if (!repeated_) section().proven += pending_;
  pending_ = 0;
}

void Verifier::on_checkpoint(const DecodedRecord& record) {
  bool valid = checkpoint_valid(record, reader_.body(), section().writer);
  std::string fault = valid ? signer_fault(record) : ": its signature does not hold";
  if (fault.empty()) {
    signer_ = *record.key;
    if (!repeated_) ++section().checkpoints;
    return vouched();
  }
  at_blamed_ = true;
  pending_ = 0;
  broken(record.sequence, reader_.offset(),
         "checkpoint " + std::to_string(record.sequence) + fault);
}

void Verifier::on_key_change(const DecodedRecord& record) {
  bool valid = key_change_valid(record, reader_.body(), section().writer);
  std::string fault = valid ? signer_fault(record) : ": its signature does not hold";
  bool known = valid && enrolled(*record.next_key);
  if (fault.empty() && !known) {
    fault = " names the key " + key_name(*record.next_key) +
            ", for which no enrolment by this collector is in the export";
  }
  if (fault.empty()) {
    retired_.push_back(*record.key);
    signer_ = *record.next_key;
    if (!repeated_) ++section().key_changes;
    return vouched();
  }
  at_blamed_ = true;
  pending_ = 0;
  broken(record.sequence, reader_.offset(),
         "the change of key in " + record_named(record.sequence) + fault);
}

void Verifier::declare(const DecodedRecord& record) {
  if (record.kind != RecordKind::kLoss) return;
  if (record.lost_first != 0 && record.lost_last >= record.lost_first) {
    section().declared_lost += record.lost_last - record.lost_first + 1;
  }
  section().declared_refused += record.refused;
}

void Verifier::on_record() {
  if (!in_section_) return broken(0, reader_.offset(), "a record outside of any section");
  ++report_.records;
  auto record = decode_record(reader_.body());
  ChainPoint now = at_;
  LinkFault fault = follow(at_, reader_.body(), now);
  if (fault == LinkFault::kDamaged) return on_damage("it is no record");
  if (section().records == 0)
    on_first(now.sequence);
  else if (fault == LinkFault::kNone)
    on_linked();
  else
    on_unlinked(fault, now);
  ++section().records;
  section().last_sequence = std::max(section().last_sequence, now.sequence);
  at_ = now;
  at_offset_ = reader_.offset();
  at_blamed_ = false;
  if (!record) {
    at_blamed_ = true;
    pending_ = 0;
    return broken(now.sequence, at_offset_,
                  record_named(now.sequence) + ": " + record.error().message);
  }
  if (record->kind == RecordKind::kCheckpoint) on_checkpoint(*record);
  if (record->kind == RecordKind::kKeyChange) on_key_change(*record);
  if (section().first_ns == 0) section().first_ns = record->wall_ns;
  section().last_ns = record->wall_ns;
  declare(*record);
}

// A record's frame that does not hold stands where the next record should: that one was altered.
void Verifier::on_damage(const char* fault) {
  settle_suspicion(false);
  std::uint64_t sequence = at_.sequence + 1;
  broken(sequence, reader_.offset(), record_named(sequence) + " was altered: " + fault);
  ++section().records;
  // Its hash is lost; the record behind is where the chain can be taken up again.
  at_ = {sequence, {}};
  at_offset_ = reader_.offset();
  at_blamed_ = true;
  pending_ = 0;
  signer_.reset();
}

void Verifier::on_damaged_frame() {
  bool other = reader_.tag() == ExportTag::kHeader || reader_.tag() == ExportTag::kEnrolment ||
               reader_.tag() == ExportTag::kSection || reader_.tag() == ExportTag::kEnd;
  if (in_section_ && !(other && !reader_.body().empty())) {
    ++report_.records;
    return on_damage(reader_.fault());
  }
  std::string what = header_seen_ ? "a frame that is no record" : "the header";
  header_seen_ = true;
  broken(0, reader_.offset(), what + " was altered: " + reader_.fault());
}

void Verifier::on_end() {
  Bytes body = reader_.body();
  std::uint64_t count = 0;
  for (std::size_t i = body.size(); i-- > 0;) count = count << 8 | body[i];
  end_section();
  end_seen_ = true;
  if (body.size() != 8 || count != report_.records) {
    broken(0, reader_.offset(),
           "its end says that it holds " + std::to_string(count) + " records, but " +
               std::to_string(report_.records) + " are there");
  }
}

void Verifier::on_frame() {
  if (end_seen_) return broken(0, reader_.offset(), "something follows the end of the export");
  if (!header_seen_ && reader_.tag() != ExportTag::kHeader) {
    header_seen_ = true;
    broken(0, reader_.offset(), "the export's header is missing");
  }
  switch (reader_.tag()) {
    case ExportTag::kHeader:
      return on_header();
    case ExportTag::kEnrolment:
      return on_enrolment();
    case ExportTag::kSection:
      return on_section();
    case ExportTag::kRecord:
      return on_record();
    case ExportTag::kEnd:
      return on_end();
  }
  broken(0, reader_.offset(), "a frame of a kind unknown here");
}

VerifyReport Verifier::run() {
  for (ExportStep step = reader_.next(); step != ExportStep::kEnd; step = reader_.next()) {
    if (step == ExportStep::kFrame)
      on_frame();
    else
      on_damaged_frame();
  }
  end_section();
  if (!end_seen_) broken(0, reader_.offset(), "the export ends before its end mark: it was cut");
  if (report_.records == 0) broken(0, 0, "it holds no record, so it proves nothing");
  return std::move(report_);
}

}  // namespace

VerifyReport verify_export(Bytes file, const PublicKey& collector) {
  return Verifier(file, collector).run();
}

}  // namespace chaperone::audit
