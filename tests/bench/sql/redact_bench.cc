// What looking for secrets costs a command: nanoseconds of processor time for a text of 600 bytes,
// and for two bound values, with nothing in them, with a word that needs a second look, with a
// secret.

#include <cstdio>
#include <ctime>
#include <string>

#include "proto-parsers/sql/redact.h"

using namespace chaperone;
using namespace chaperone::sql;

namespace {

constexpr int kRounds = 200'000;

std::string of_600_bytes(std::string tail) {
  std::string text =
      "select o.id, o.created, c.name, c.city, sum(i.price * i.amount) as total from orders o ";
  text += "join customers c on c.id = o.customer join items i on i.order_id = o.id where ";
  for (int i = 0; text.size() + tail.size() < 560; ++i)
    text += "o.state <> 'returned" + std::to_string(i) + "' and ";
  return text.append(600 - text.size() - tail.size(), ' ') + tail;
}

template <class F>
double nanoseconds(F once) {
  const auto begin = std::clock();
  for (int i = 0; i < kRounds; ++i) once();
  return static_cast<double>(std::clock() - begin) * (1e9 / CLOCKS_PER_SEC) / kRounds;
}

void measure(const char* what, const std::string& text) {
  Names names{nullptr, nullptr, {"public"}, "agent"};
  SecretPlaces places = analyse(text, Reading{}, names).secrets;
  std::size_t sink = 0;
  double taken = nanoseconds([&] { sink += redact(text, Reading{}, places).has_value(); });
  std::printf("%-28s %8.0f ns  %s\n", what, taken, sink ? "redacted" : "as it was");
}

}  // namespace

int main() {
  measure("nothing", of_600_bytes("o.city = $1 and o.id = $2"));
  measure("a word in the text", of_600_bytes("c.token = $1"));
  measure("a secret's place", of_600_bytes("c.token = 'x'"));
  measure("a secret's form", of_600_bytes("c.city = 'postgresql://u:p@h/d'"));
  std::string one = "1207", two = "Amsterdam-Noord";
  std::size_t sink = 0;
  double taken = nanoseconds([&] {
    sink += is_secret(1, as_bytes(one), false, Reading{}, SecretPlaces{});
    sink += is_secret(2, as_bytes(two), false, Reading{}, SecretPlaces{});
  });
  std::printf("%-28s %8.0f ns  %zu\n", "two bound values", taken, sink);
  return 0;
}
