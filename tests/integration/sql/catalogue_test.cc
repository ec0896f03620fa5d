// The catalogue of a real server: its queries run, and what they give means the same as the recorded
// rows that the unit tests use. CHAPERONE_GOLDEN_WRITE=1 records them anew.

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "proto-parsers/sql/analyse.h"
#include "tests/unit/sql/fixture.h"
#include "tests/unit/sql/rows.h"

#include "tests/unit/sql/catch.h"

namespace chaperone::sql {
namespace {

std::string output_of(const std::string& command) {
  std::string all;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::array<char, 65536> buffer{};
  while (std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) all.append(buffer.data(), size);
  int status = pclose(pipe);
  INFO(command);
  REQUIRE(status == 0);
  return all;
}

// PostgreSQL in a folder of its own, on a Unix socket alone; gone with its folder at the end.
class Server {
 public:
  Server() {
    std::array<char, 64> name{"/tmp/chaperone-sql-XXXXXX"};
    REQUIRE(mkdtemp(name.data()));
    folder_ = name.data();
    bin_ = output_of("ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1");
    bin_.pop_back();
    // The server refuses to run as root.
    if (geteuid() == 0) {
      as_ = "setpriv --reuid=postgres --regid=postgres --clear-groups ";
      output_of("chown postgres " + folder_);
    }
    output_of(as_ + bin_ + "/initdb -D " + folder_ + "/data -A trust -U postgres -E UTF8 --locale=C.UTF-8 -N");
    start();
  }
  ~Server() {
    if (pid_ > 0) ::kill(pid_, SIGQUIT);  // immediate shutdown
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    if (std::system(("rm -rf " + folder_).c_str()) != 0)
      std::fprintf(stderr, "could not clean up %s\n", folder_.c_str());
  }
  pid_t pid() const { return pid_; }
  const std::string& folder() const { return folder_; }

  // Dies with this process, however that ends: setpriv asks for it once it is the server's user.
  void start() {
    const std::string command = "exec setpriv --pdeathsig=KILL " +
                                (as_.empty() ? "" : as_.substr(8)) + bin_ + "/postgres -D " +
                                folder_ + "/data -c listen_addresses= -c fsync=off -k " + folder_ +
                                " > " + folder_ + "/log 2>&1";
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
    const std::string ask =
        "psql -X -At -h " + folder_ + " -U postgres -c 'select 1' postgres > /dev/null 2>&1";
    for (int tries = 0; tries < kStartTries && std::system(ask.c_str()) != 0; ++tries) {
      INFO("the server ended; its words are in " << folder_ << "/log");
      REQUIRE(::waitpid(pid_, nullptr, WNOHANG) == 0);
      ::usleep(100'000);
    }
  }

  std::string psql(const std::string& sql) {
    std::ofstream(folder_ + "/script.sql") << sql;
    return file(folder_ + "/script.sql");
  }
  std::string file(const std::string& path) {
    return output_of("psql -X -q -At -v ON_ERROR_STOP=1 -h " + folder_ + " -U postgres -f " + path + " postgres");
  }

 private:
  static constexpr int kStartTries = 600;  // of a tenth of a second, on a busy machine
  std::string folder_, bin_, as_;
  pid_t pid_ = -1;
};

std::string dumped(Server& server) {
  std::string all;
  std::size_t number = 0;
  for (const auto& query : catalogue_queries(150000, everything())) {
    std::istringstream lines(server.psql(std::string(catalogue_begin()) + "; COPY (" + query.text + ") TO STDOUT; " +
                                         std::string(catalogue_end())));
    for (std::string line; std::getline(lines, line);) all += std::to_string(number) + "\t" + line + "\n";
    ++number;
  }
  return all;
}

// The answers to some queries in one transaction, as COPY writes them.
std::vector<std::string> answers(Server& server, const std::vector<std::string>& queries) {
  std::string script = std::string(catalogue_begin()) + ";\n";
  for (const auto& query : queries) script += "COPY (" + query + ") TO STDOUT;\n\\echo ==\n";
  std::istringstream lines(server.psql(script + std::string(catalogue_end())));
  std::vector<std::string> found(1);
  for (std::string line; std::getline(lines, line);) {
    if (line == "==") found.emplace_back();
    else found.back() += line + "\n";
  }
  return found;
}

template <class F>
void for_each_row(const std::string& text, F f) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Values values = values_of(line);
    std::vector<std::optional<std::string_view>> row(values.begin(), values.end());
    REQUIRE(f(row).ok());
  }
}

CatalogueStamp stamped(Server& server, std::optional<std::uint32_t> horizon) {
  CatalogueStamp stamp;
  auto answer = answers(server, {catalogue_stamp_query(150000, horizon)});
  for_each_row(answer[0], [&](auto row) { return stamp.add(row); });
  return stamp;
}

std::shared_ptr<const Catalogue> loaded(Server& server, std::shared_ptr<const Catalogue> known) {
  CatalogueStamp stamp = stamped(server, known ? known->stamp().horizon() : std::nullopt);
  CatalogueChange change = known ? stamp.since(known->stamp()) : everything();
  auto queries = catalogue_queries(150000, change);
  std::vector<std::string> texts;
  for (const auto& query : queries) texts.push_back(query.text);
  auto found = answers(server, texts);
  CatalogueBuilder builder(known, change);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    for_each_row(found[i], [&](auto row) { return builder.add(queries[i].section, row); });
  }
  if (builder.renames()) return loaded(server, nullptr);
  auto built = builder.finish(stamp);
  REQUIRE(built.ok());
  return *built;
}

}  // namespace

// A process that nobody has reaped yet has ended too.
bool runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  for (int i = 0; i < 3 && file >> word;) ++i;
  return file && word != "Z";
}

TEST_CASE("a server ends with the test that started it, however that ends") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  pid_t test = ::fork();
  if (test == 0) {
    Server server;
    const std::string said = std::to_string(server.pid()) + " " + server.folder() + "\n";
    if (::write(pipe[1], said.data(), said.size()) < 0) ::_exit(1);
    for (;;) ::pause();
  }
  ::close(pipe[1]);
  FILE* answer = ::fdopen(pipe[0], "r");
  pid_t server = 0;
  std::array<char, 64> folder{};
  REQUIRE(std::fscanf(answer, "%d %63s", &server, folder.data()) == 2);
  CHECK(runs(server));
  ::kill(test, SIGKILL);
  ::waitpid(test, nullptr, 0);
  for (int tries = 0; tries < 600 && runs(server); ++tries) ::usleep(100'000);
  CHECK_FALSE(runs(server));
  std::fclose(answer);
  output_of(std::string("rm -rf ") + folder.data());
}

TEST_CASE("the catalogue of a real server") {
  Server server;
  server.file(golden_folder() + "/fixture.sql");
  std::string rows = dumped(server);
  if (std::getenv("CHAPERONE_GOLDEN_WRITE")) std::ofstream(golden_folder() + "/fixture.rows") << rows;

  auto catalogue = catalogue_from(rows);
  REQUIRE(catalogue.ok());
  Names names{catalogue.value().get(), nullptr, {"public"}, "postgres"};
  auto effects = [&](std::string_view text) { return analyse(text, Reading{}, names).meaning.effects; };
  CHECK(names_of(effects("SELECT * FROM customers")) == "read");
  CHECK(effects("SELECT through()").has(Effect::kDrop));
  CHECK(effects("INSERT INTO watched VALUES (1, 2)").has(Effect::kRunCode));

}

TEST_CASE("what is loaded again is what a whole load gives") {
  Server server;
  server.file(golden_folder() + "/fixture.sql");
  auto known = loaded(server, nullptr);
  std::ifstream steps(golden_folder() + "/changes.sql");
  REQUIRE(steps.good());
  std::size_t partial = 0;
  for (std::string step; std::getline(steps, step);) {
    if (step.empty() || step.starts_with("--")) continue;
    INFO(step);
    server.psql(step);
    CatalogueChange change = stamped(server, known->stamp().horizon()).since(known->stamp());
    CHECK_FALSE(change == CatalogueChange{});
    if (!change.all) ++partial;
    known = loaded(server, known);
    REQUIRE(described(*known) == described(*loaded(server, nullptr)));
    CHECK(stamped(server, known->stamp().horizon()).since(known->stamp()) == CatalogueChange{});
  }
  CHECK(partial > 20);
}

}  // namespace chaperone::sql
