#include "collector/pod_tokens.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "audit/text.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

namespace {
constexpr std::int64_t kNow = 1'800'000'000;

std::string base64url(std::string_view text) {
  std::string out = audit::base64(as_bytes(text));
  while (!out.empty() && out.back() == '=') out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

// An API server's key, its public half as a JWK, and tokens signed with it.
class Issuer {
 public:
  explicit Issuer(bool rsa, std::string id = "k1")
      : rsa_(rsa), id_(std::move(id)), key_(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")) {}
  ~Issuer() { EVP_PKEY_free(key_); }
  Issuer(const Issuer&) = delete;

  std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_, name, &value);
    std::string bytes(static_cast<std::size_t>(rsa_ ? BN_num_bytes(value) : 32), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    BN_free(value);
    return base64url(bytes);
  }
  std::string jwks() const {
    std::string numbers =
        rsa_ ? R"("kty":"RSA","n":")" + number("n") + R"(","e":")" + number("e") + R"(")"
             : R"("kty":"EC","crv":"P-256","x":")" + number("qx") + R"(","y":")" + number("qy") + R"(")";
    return R"({"keys":[{"kid":"other","kty":"oct"},{"kid":")" + id_ + R"(",)" + numbers + "}]}";
  }
  std::string token(const std::string& claims, std::string algorithm = "") const {
    if (algorithm.empty()) algorithm = rsa_ ? "RS256" : "ES256";
    std::string text = base64url(R"({"alg":")" + algorithm + R"(","kid":")" + id_ + R"("})") + "." +
                       base64url(claims);
    return text + "." + base64url(sign(text));
  }

 private:
  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    unsigned char buffer[512];
    std::size_t size = sizeof buffer;
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_);
    EVP_DigestSign(context, buffer, &size, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    if (rsa_) return {reinterpret_cast<char*>(buffer), size};
    const unsigned char* der = buffer;
    ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    std::string raw(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(both), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), out + 32, 32);
    ECDSA_SIG_free(both);
    return raw;
  }

  bool rsa_;
  std::string id_;
  EVP_PKEY* key_;
};

const std::string kPod = R"("kubernetes.io":{"namespace":"agents","node":{"name":"n1"},"pod":{"name":"p1","uid":"u-1"},"serviceaccount":{"name":"reader","uid":"x"}})";
std::string claims(const std::string& kubernetes = kPod, const std::string& audience = R"(["ours"])",
                   const std::string& issuer = "https://k8s", std::int64_t expires = kNow + 100,
                   std::int64_t begins = kNow - 100) {
  return R"({"aud":)" + audience + R"(,"iss":")" + issuer + R"(","exp":)" + std::to_string(expires) + R"(,"nbf":)" +
         std::to_string(begins) + "," + kubernetes + "}";
}

std::string why_not(PodTokens& tokens, const std::string& text) {
  auto judged = tokens.judge(text, kNow);
  return judged ? "taken" : judged.error().message;
}
}  // namespace

TEST_CASE("a pod's own token vouches for pod, namespace, account and node") {
  for (bool rsa : {true, false}) {
    Issuer issuer(rsa);
    PodTokens tokens({"ours", {"agents"}});
    CHECK(tokens.wants_keys());
    CHECK(why_not(tokens, issuer.token(claims())).find("not known yet") != std::string::npos);
    tokens.trust(*KeySet::parse(issuer.jwks()), "https://k8s");
    CHECK(!tokens.wants_keys());
    std::string text = issuer.token(claims());
    auto token = tokens.judge(text, kNow);
    REQUIRE(token);
    CHECK((*token)->name == "pod-u-1");
    CHECK((*token)->may(Right::kWrite));
    CHECK(!(*token)->may(Right::kRead));
    CHECK((*token)->hash == audit::sha256(as_bytes(text)));
    CHECK((*token)->claims == std::map<std::string, std::string>{
                                  {"pod", "p1"}, {"namespace", "agents"}, {"service_account", "reader"}, {"node", "n1"}});
    CHECK(why_not(tokens, issuer.token(claims(kPod, R"("ours")"))) == "taken");
  }
}

TEST_CASE("a token that is not for us, of us or of now is nobody's") {
  Issuer issuer(true), stranger(true), curve(false);
  PodTokens tokens({"ours", {"agents"}});
  tokens.trust(*KeySet::parse(issuer.jwks()), "https://k8s");
  auto refused = [&](const std::string& text, const char* word) {
    INFO(word);
    CHECK(why_not(tokens, text).find(word) != std::string::npos);
  };
  refused(issuer.token(claims(kPod, R"(["theirs"])")), "audience");
  refused(issuer.token(claims(kPod, "7")), "audience");
  refused(issuer.token(claims(kPod, R"(["ours"])", "https://evil")), "issuer");
  refused(issuer.token(claims(kPod, R"(["ours"])", "https://k8s", kNow - 60)), "expired");
  refused(issuer.token(claims(kPod, R"(["ours"])", "https://k8s", kNow + 99, kNow + 60)), "not valid yet");
  refused(issuer.token(R"({"aud":"ours","iss":"https://k8s",)" + kPod + "}"), "expired");
  refused(issuer.token(claims(R"("kubernetes.io":{"namespace":"agents","serviceaccount":{"name":"x"}})")), "no pod");
  refused(issuer.token(claims(R"("kubernetes.io":{"namespace":"other","pod":{"name":"p","uid":"u"}})")), "\"other\"");
  refused(issuer.token(claims(R"("other":{})")), "namespace");
  refused(stranger.token(claims()), "signature");
  refused(curve.token(claims()), "signature");
  for (const char* algorithm : {"none", "HS256", "ES256", "RS512", ""}) {
    if (*algorithm) refused(issuer.token(claims(), algorithm), "signature");
  }
  CHECK(!tokens.wants_keys());
  refused(Issuer(true, "k2").token(claims()), "key");
  CHECK(tokens.wants_keys());
}

TEST_CASE("an altered token is refused, whichever byte it was") {
  Issuer issuer(false);
  PodTokens tokens({"ours", {"agents"}});
  tokens.trust(*KeySet::parse(issuer.jwks()), "https://k8s");
  const std::string good = issuer.token(claims());
  REQUIRE(why_not(tokens, good) == "taken");
  // The last character carries bits that belong to no byte.
  for (std::size_t i = 0; i + 1 < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    CHECK(why_not(tokens, bad) != "taken");
    CHECK(why_not(tokens, good.substr(0, i)) != "taken");
  }
  for (const char* text : {"", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30"}) CHECK(why_not(tokens, text) != "taken");
}

TEST_CASE("a key set without a usable key is none") {
  for (const char* text : {"", "[]", "{}", R"({"keys":[]})", R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"}]})",
                           R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})", R"({"keys":[7,{"kty":7}]})"})
    CHECK(!KeySet::parse(text));
}
