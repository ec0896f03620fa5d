#pragma once
// The prepared statements and portals of one session, as the server has them. A name takes its new
// meaning when the server has confirmed it: a Parse under a name that exists fails there, and a
// session that had already renamed it here would judge one text and run another.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/session/judge.h"

namespace chaperone::session {

struct PreparedStatement {
  JudgedPtr judged;  // against the scope of its time; judged anew from `text` when that changed
  std::shared_ptr<Scope> scope;
  std::string text;
  bool with_code = false;  // a parameter's type was made in this database
  bool by_text_alone = false;  // `judged` hangs on nothing but text and scope
  bool by_sql = false;     // by PREPARE, not by a Parse that we saw
  bool read_in_doubt = false;  // nobody knows how the server read its backslashes
  // As far as the client named them (0: left to the server), and all once the server described them.
  std::vector<std::uint32_t> parameter_types;
};
using StatementPtr = std::shared_ptr<PreparedStatement>;

// What was bound to a portal, for rules that ask for it again when the portal is executed. What is
// not small is not kept, and counts as values that cannot be read.
class BoundValues {
 public:
  static constexpr std::size_t kBytesMax = 4096;

  explicit BoundValues(std::span<const Parameter> parameters);
  BoundValues(const BoundValues&) = delete;
  BoundValues& operator=(const BoundValues&) = delete;
  std::span<const Parameter> parameters() const { return parameters_; }
  static Parameter unreadable() { return {{}, 0, true, false}; }

 private:
  std::string bytes_;  // that parameters_ points into
  std::vector<Parameter> parameters_;
};

struct Portal {
  StatementPtr statement;
  std::size_t bound = 0;         // how many values were
  std::unique_ptr<const BoundValues> values;  // null: no rule asked for them then
  std::shared_ptr<Scope> scope;  // under which it was judged last
  std::uint64_t operation = 0;   // of its Bind
  bool executed = false;
};
using PortalPtr = std::shared_ptr<Portal>;

class PreparedNames final : public sql::PreparedTexts {
 public:
  // None too where the server read the text in another way than texts are read now.
  std::optional<std::string_view> text_of(std::string_view name) const override;

  // How texts are read from here on. What was prepared before keeps the server's reading of then.
  void set_reading(const sql::Reading& reading) { reading_ = reading; }
  bool reads_alike(const PreparedStatement& statement) const;

  // What a name means for the next message of the pipeline: its last unconfirmed change, else what
  // the server confirmed. Null: no such name.
  StatementPtr statement(std::string_view name) const;
  PortalPtr portal(std::string_view name) const;

  // A change that was sent and awaits the server's word. Null removes the name.
  void change_statement(std::string_view name, StatementPtr statement);
  void change_portal(std::string_view name, PortalPtr portal);
  // The oldest change awaited was confirmed, or failed.
  void settle(bool confirmed);

  // What was sent so far ends with a Sync (or a Query): behind it, whether a change of before came
  // about is known only when it is settled. The server may have skipped it.
  void end_group() { ++group_; }
  // Whether this name's meaning hangs on a change of an earlier group that is still awaited; or any
  // statement's does.
  bool unsettled(bool of_portal, std::string_view name) const;
  bool unsettled() const;

  // Portals end with their transaction. REQUIRES: nothing awaited.
  void end_portals();
  // The operations of portals that were bound and not executed.
  std::vector<std::uint64_t> unexecuted() const;

  // The server's own list replaces ours (SQL's PREPARE and DEALLOCATE share the names).
  void replace_statements(std::map<std::string, StatementPtr, std::less<>> statements);
  bool empty() const { return statements_.empty() && settled_ == pending_.size(); }
  // Statements held under a name, those that are awaited included. The unnamed one takes nobody's
  // place.
  std::size_t size() const {
    bool unnamed = !statements_.empty() && statements_.begin()->first.empty();
    return statements_.size() - (unnamed ? 1 : 0) + named_awaited_;
  }
  std::size_t text_bytes() const { return text_bytes_; }

 private:
  struct Change {
    bool of_portal;
    std::string name;
    StatementPtr statement;
    PortalPtr portal;
    std::uint64_t group = 0;

    bool adds_name() const { return statement && !name.empty(); }
  };
  void confirm_statement(Change& change);

  std::map<std::string, StatementPtr, std::less<>> statements_;
  std::map<std::string, PortalPtr, std::less<>> portals_;
  PortalPtr unnamed_portal_;         // that of most commands: made and gone with each of them
  std::vector<Change> pending_;      // a queue: [settled_, end) is awaited
  std::size_t settled_ = 0;
  std::size_t named_awaited_ = 0;
  std::uint64_t group_ = 0;
  sql::Reading reading_;
  std::size_t text_bytes_ = 0;
};

}  // namespace chaperone::session
