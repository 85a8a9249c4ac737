#include "agent/dns/resolver.h"

#include <algorithm>
#include <utility>

#include "agent/dns/name.h"
#include "agent/dns/records.h"
#include "base/core/assert.h"

namespace conclave::dns {
namespace {

/// Of names that point to names, as in Consul.
constexpr int depth_max = 3;
/// Records of such names in an answer without EDNS; names of an answer that are looked up at all.
constexpr std::size_t plain_extras_max = 5;
constexpr std::size_t names_max = 16;
constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t class_any = 255;

}  // namespace

bool is_neighbour(std::string_view ip) {
  constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (ip.size() == 16 && ip.starts_with(mapped)) ip.remove_prefix(12);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(ip[i]); };
  if (ip.size() == 4) {
    return byte(0) == 127 || byte(0) == 10 || (byte(0) == 172 && byte(1) >> 4 == 1) ||
           (byte(0) == 192 && byte(1) == 168) || (byte(0) == 169 && byte(1) == 254) ||
           (byte(0) == 100 && byte(1) >> 6 == 1);
  }
  if (ip.size() != 16) return false;
  const bool loopback = ip == std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
  return loopback || byte(0) >> 1 == 0xfe >> 1 || (byte(0) == 0xfe && byte(1) >> 6 == 2);
}

Resolver::Resolver(const Clock& clock, Views& views, Recursor& recursor, DnsOptions options,
                   Metrics& metrics, Rng rng)
    : clock_(clock),
      views_(views),
      recursor_(recursor),
      rng_(rng),
      domain_time_(metrics.histogram("consul.dns.domain_query", "Queries of our domain")),
      ptr_time_(metrics.histogram("consul.dns.ptr_query", "Queries for the names of addresses")),
      refused_(metrics.counter("consul.dns.refused", "Queries of other domains refused")) {
  set_options(std::move(options));
}

void Resolver::set_options(DnsOptions options) {
  auto zone = Zone::from(options);
  CONCLAVE_ASSERT_WHY(zone.has_value(), "the configuration was checked");
  views_.set_options(options);
  recursor_.set_options(options);
  setting_ = std::make_shared<const Setting>(Setting{std::move(options), std::move(*zone)});
}

/// What can be said without looking at the name.
std::optional<std::string> Resolver::refuse_early(const Query& query) const {
  Reply reply;
  reply.authoritative = false;
  if (query.edns && query.edns->version != 0) {
    reply.rcode = Rcode::bad_version;
    reply.edns = query.edns;
    reply.edns->subnet.reset();
  } else if (query.record_class != class_in && query.record_class != class_any) {
    reply.rcode = Rcode::refused;
  } else {
    return std::nullopt;
  }
  return encode_reply(query, reply, true);
}

Answer Resolver::compose(const Query& query, const Asked& asked, const Finding* finding,
                         Transport transport) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall_now());
  const Answerer answerer{setting_->zone, setting_->options,
                          static_cast<std::uint32_t>(seconds.count()),
                          answers_worth_having(query, transport, setting_->options)};
  return compose_answer(query, asked, finding, answerer, rng_);
}

std::string Resolver::finish(const Query& query, const Asked& asked, Reply reply,
                             Transport transport) {
  reply.recursion_available = !setting_->options.recursors.empty();
  if (query.edns) {
    reply.edns = query.edns;
    if (reply.edns->subnet) {
      // A prepared query may choose by where the client is.
      reply.edns->subnet->scope_bits =
          asked.kind == Asked::Kind::query ? reply.edns->subnet->source_bits : 0;
    }
  }
  return encode_trimmed(query, std::move(reply), transport, setting_->options);
}

void Resolver::observe(const Asked& asked, Nanos begin) {
  (asked.kind == Asked::Kind::reverse ? ptr_time_ : domain_time_)
      .observe(clock_.boot_now() - begin);
}

Resolver::Now Resolver::now(std::string_view message, const Asker& asker) {
  const Nanos begin = clock_.boot_now();
  const auto query = parse_query(message);
  if (!query) {
    return {.bytes = query.error().rcode ? encode_refusal(query.error()) : std::string()};
  }
  if (auto refusal = refuse_early(*query)) return {.bytes = std::move(*refusal)};
  const Asked asked = read_question(*query, setting_->zone);
  if (asked.kind == Asked::Kind::outside) {
    if (!setting_->options.recursors.empty() && asker.is_neighbour) return {.known = false};
    refused_.add();
    Reply reply{.rcode = Rcode::refused, .authoritative = false};
    reply.edns = query->edns;
    return {.bytes = encode_reply(*query, reply, true)};
  }
  Known known;
  if (const auto subject = subject_of(asked)) {
    known = views_.at_hand(*subject);
    if (!known) return {.known = false};
    const bool pass_on = asked.kind == Asked::Kind::reverse && known->is_nothing();
    if (pass_on && !setting_->options.recursors.empty()) return {.known = false};
  }
  Answer answer = compose(*query, asked, known.get(), asker.transport);
  if (!answer.names.empty()) return {.known = false};
  std::string bytes = finish(*query, asked, std::move(answer.reply), asker.transport);
  observe(asked, begin);
  return {.bytes = std::move(bytes)};
}

Task<std::string> Resolver::later(std::string message, Asker asker) {
  const Nanos begin = clock_.boot_now();
  const auto query = parse_query(message);
  CONCLAVE_ASSERT_WHY(query.has_value(), "now() has read it");
  const Asked asked = read_question(*query, setting_->zone);
  if (asked.kind == Asked::Kind::outside) {
    co_return co_await recurse(std::move(message), *query, asker);
  }
  Reply reply = co_await resolve(*query, asked, asker.transport, 0);
  if (asked.kind == Asked::Kind::reverse && reply.rcode == Rcode::name_error &&
      !setting_->options.recursors.empty() && asker.is_neighbour) {
    co_return co_await recurse(std::move(message), *query, asker);
  }
  std::string bytes = finish(*query, asked, std::move(reply), asker.transport);
  observe(asked, begin);
  co_return bytes;
}

Task<Reply> Resolver::resolve(Query query, Asked asked, Transport transport, int depth) {
  Known known;
  if (const auto subject = subject_of(asked)) {
    known = views_.at_hand(*subject);
    if (!known) {
      Result<Known> found = co_await views_.find(*subject);
      if (!found) co_return Reply{.rcode = Rcode::server_failure};
      known = std::move(*found);
    }
  }
  Answer answer = compose(query, asked, known.get(), transport);
  if (!answer.names.empty()) co_await add_names(&answer, std::move(query), transport, depth);
  co_return std::move(answer.reply);
}

Task<void> Resolver::add_names(Answer* answer, Query query, Transport transport, int depth) {
  const bool plain = transport == Transport::udp && !query.edns;
  const bool is_alias = query.type != Type::srv;
  std::vector<Record>& section = is_alias ? answer->reply.answer : answer->reply.additional;
  std::size_t added = 0;
  if (answer->names.size() > names_max) answer->names.resize(names_max);
  for (const std::string& name : answer->names) {
    for (Record& record : co_await resolve_name(name, query, transport, depth)) {
      if (plain && added++ == plain_extras_max) co_return;
      section.push_back(std::move(record));
    }
  }
}

/// The addresses of a name, ours or somebody else's, with the CNAMEs that lead to them.
Task<std::vector<Record>> Resolver::resolve_name(std::string name, Query query, Transport transport,
                                                 int depth) {
  if (depth >= depth_max) co_return std::vector<Record>();
  query.name = std::move(name);
  if (!wants_address(query.type)) query.type = Type::a;
  const Asked asked = read_question(query, setting_->zone);
  if (asked.kind != Asked::Kind::outside) {
    Reply reply = co_await resolve(std::move(query), asked, transport, depth + 1);
    std::erase_if(reply.answer, [](const Record& record) {
      return record.type != Type::a && record.type != Type::aaaa && record.type != Type::cname;
    });
    co_return std::move(reply.answer);
  }
  if (query.type == Type::any) query.type = Type::a;
  co_return co_await recursor_.look_up(std::move(query.name), query.type);
}

Task<std::string> Resolver::recurse(std::string message, Query query, Asker asker) {
  const bool tcp = asker.transport == Transport::tcp;
  auto answered = co_await recursor_.pass_on(std::move(message), query, tcp);
  if (answered) co_return std::move(*answered);
  Reply reply{.rcode = Rcode::server_failure, .authoritative = false, .recursion_available = true};
  reply.edns = query.edns;
  co_return encode_reply(query, reply, true);
}

std::string Resolver::unavailable(std::string_view message) const {
  const auto query = parse_query(message);
  if (!query) return {};
  return encode_reply(*query, {.rcode = Rcode::server_failure, .authoritative = false}, true);
}

}  // namespace conclave::dns
