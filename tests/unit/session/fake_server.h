#pragma once
// A PostgreSQL server as far as the protocol goes: it answers what arrives as a real one would
// (transaction states, skipping to Sync, COPY), and knows a statement by how it begins.

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/postgres/frontend.h"

namespace chaperone::session {

class FakeServer {
 public:
  void take(Bytes bytes);  // from the sidecar
  std::string replies;     // what was not yet collected

  // Stand in `executed` for what should never come.
  static constexpr const char* kFramingLost = "(framing lost)";
  static constexpr const char* kWithinCopy = "(a command within COPY)";

  bool copying() const { return copying_; }
  // Ends the COPY with an error of the server's own, now.
  void fail_copy();

  // What was executed, in order: the server's own word on what reached it.
  std::vector<std::string> executed;
  std::string copied;            // payload of CopyData
  std::string search_path = "public";
  std::string encoding = "UTF8";
  bool standard_conforming_strings = true;
  bool default_transaction_read_only = false;
  bool settings_fail = false;    // the sidecar's own query is answered by an error
  std::vector<std::uint32_t> parameter_types;  // of every statement that is described
  int settings_cancelled = 0;    // ... so often by that of a cancel
  bool ended = false;            // Terminate came, or a message that ends a server
  int settings_asked = 0;
  char status = 'I';

 private:
  void message(const pg::FrontendMessage& message);
  void extended(const pg::FrontendMessage& message);
  void query(const std::string& text);
  // False: it failed, and the rest of the text is not run.
  bool run(const std::string& statement, bool described);
  void settings(bool prepared);
  void error(std::string_view sqlstate, std::string_view text);
  void ready();
  void complete(std::string_view tag);
  void copy_message(const pg::FrontendMessage& message);

  pg::FrontendParser parser_;
  std::string input_;
  std::map<std::string, std::string> statements_, portals_;
  std::set<std::string> by_sql_;  // of the statements, those that PREPARE made
  std::deque<std::string> rest_;  // statements of a Query behind a COPY
  bool copying_ = false, simple_copy_ = false, skipping_ = false;
};

}  // namespace chaperone::session
