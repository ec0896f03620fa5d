#pragma once
// Text to verdict, with everything that stays the same worked out once: the analysis of a shape,
// what the policy settles about it, and its encoded parts of the record. The second time a shape
// comes, a judgement is a hash, a look-up and a shared pointer.

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/record.h"
#include "proto-parsers/core/subject.h"
#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/catalogue.h"
#include "proto-parsers/sql/shape.h"
#include "sidecar/policy/policy.h"

namespace chaperone::session {

// A judged shape. Immutable and shared; holds the policy that its views point into.
struct Judged {
  sql::Analysis analysis;
  policy::Prepared prepared;
  audit::EncodedPart meaning_part;
  audit::EncodedPart ruling_part;  // of prepared.settled; what open rules say is encoded anew
  std::shared_ptr<const policy::Policy> policy;
};
using JudgedPtr = std::shared_ptr<const Judged>;

// Whether a text may name a prepared statement (EXECUTE, wherever it stands in it).
bool names_prepared(std::string_view text);

// Encodes a decision for the record.
void encode_ruling(const policy::Decision& decision, const policy::Policy& policy,
                   audit::EncodedPart& out);

// Everything that a text's meaning and verdict depend on but the text itself.
struct ScopeFacts {
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const sql::Catalogue> catalogue;  // may be null
  // It should be there and cannot be had: what lies beneath a name is then not known, so every
  // statement but those of transactions and settings is unknown as well.
  bool catalogue_missing = false;
  // False where the policy answers alike whatever a command means (Policy::weighs_meaning): then the
  // catalogue makes records better, and nothing waits for it.
  bool catalogue_matters = true;
  std::string resource;
  std::string database;
  sql::Reading reading;
  std::vector<std::string> search_path;
  std::string role;
  bool operator==(const ScopeFacts&) const = default;
};

// The judgements of one such set of facts; sessions of one loop share it.
class Scope {
 public:
  Scope(ScopeFacts facts, const Subject& subject) : facts_(std::move(facts)), subject_(subject) {}

  const ScopeFacts& facts() const { return facts_; }
  // The resource in this scope's policy; null when a reload took it away.
  const policy::Resource* resource() const;

  // Never null.
  // `prepared`: the session's prepared statements, for EXECUTE; may be null.
  JudgedPtr judge(std::string_view text, const sql::PreparedTexts* prepared);
  // Of the protocol's FunctionCall message. Never null.
  JudgedPtr judge_call(std::uint32_t function);
  // As judge(), with code that the text does not show: values of a type made in this database run its
  // functions. Never cached.
  JudgedPtr judge_with_code(std::string_view text, const sql::PreparedTexts* prepared) const;
  // A name in this text was missing from the catalogue, the catalogue was found fresh, and so the
  // name is missing for good: the judgement stands without its catalogue_miss.
  JudgedPtr settle_miss(std::string_view text, const sql::PreparedTexts* prepared);
  JudgedPtr settle_call_miss(std::uint32_t function);

 private:
  struct KeyHash {
    std::size_t operator()(const sql::ShapeKey& key) const { return key.low; }
  };
  // What EXECUTE means hangs on the session's prepared statements: it holds as long as the names
  // that were looked up mean texts of the same shapes.
  struct Executed {
    JudgedPtr judged;
    std::vector<std::pair<std::string, sql::ShapeKey>> looked_up;
  };
  JudgedPtr judge_execute(std::string_view text, const sql::PreparedTexts* prepared,
                          bool missing_for_good);
  bool holds(const Executed& executed, const sql::PreparedTexts& prepared) const;
  JudgedPtr finish(std::shared_ptr<Judged> judged) const;
  JudgedPtr judge_anew(std::string_view text, const sql::PreparedTexts* prepared) const;

  ScopeFacts facts_;
  const Subject& subject_;
  std::unordered_map<sql::ShapeKey, JudgedPtr, KeyHash> shapes_;
  std::unordered_map<std::uint32_t, JudgedPtr> calls_;
  std::unordered_map<sql::ShapeKey, Executed, KeyHash> executed_;
};

// The scopes of a loop, most recently used first.
class Scopes {
 public:
  explicit Scopes(const Subject& subject) : subject_(subject) {}
  std::shared_ptr<Scope> find(const ScopeFacts& facts);
  void clear() { scopes_.clear(); }

 private:
  const Subject& subject_;
  std::list<std::shared_ptr<Scope>> scopes_;
};

}  // namespace chaperone::session
