#!/usr/bin/env python3
"""Incidents of a small server and of clients that wait: a third labelled world.

One to three replicas with a few slots each, a first-come queue, prefill that is cut in chunks or not
cut at all, and a prefix cache that forgets the least recently used. Its clients hold conversations
and mostly wait for one answer before they ask again, so that traffic falls where the server slows;
recordings are short, and some begin with a server that is still warming up. `llmspan simulate` has
none of these habits, nor has `formulas.py`.

    python benches/slots.py target/release/llmspan --cases 150 --seed 5

Each case is a table of calls (NDJSON), diagnosed with its window; printed are the answers that are
not acceptable and the measures of docs/accuracy.md.
"""
import collections
import datetime as dt
import heapq
import itertools
import math
import statistics
import zlib
from dataclasses import dataclass, field

from formulas import START, log_uniform, run

CAUSES = ["prompt_growth", "output_growth", "mix_shift", "load_surge", "cache_miss_prompt_changed",
          "cache_miss_evicted", "prefill_queueing", "decode_contention", "capacity_event", "region_change",
          "model_change", "client_retries", "client_stall"]
HEALTHY = ["plain", "burst", "deploy", "warm_up"]
BLOCK = 16


@dataclass
class Prompt:
    name: str
    system: int
    ask: float
    answer: float
    turns: int
    version: str = "v7"


@dataclass
class Service:
    name: str
    workers: int
    think_s: float
    open_loop: bool
    prompts: list


@dataclass
class Request:
    at_s: float
    service: Service
    prompt: Prompt
    keys: list
    kept: list
    tokens: int
    answer: int
    hidden: bool = False
    on: float = 0.0
    net_s: float = 0.0
    arrived_s: float = 0.0
    before_s: float = 0.0
    retry_s: float = 0.0
    cached: int = 0
    left: int = 0
    made: int = 0
    admitted_s: float = 0.0
    first_s: float = 0.0
    done_s: float = 0.0
    batch: int = 0
    then: object = None


class Cache:
    """Prefixes by key with their tokens; the least recently used go first."""

    def __init__(self, tokens):
        self.room, self.held = tokens, collections.OrderedDict()

    def longest(self, keys):
        best = 0
        for key, tokens in keys:
            if key in self.held and tokens <= self.held[key]:
                self.held.move_to_end(key)
                best = max(best, tokens)
        return best // BLOCK * BLOCK

    def keep(self, keys):
        for key, tokens in keys:
            self.held[key] = tokens
            self.held.move_to_end(key)
        while sum(self.held.values()) > self.room and self.held:
            self.held.popitem(last=False)


@dataclass
class Replica:
    cache: Cache
    running: list = field(default_factory=list)
    queue: collections.deque = field(default_factory=collections.deque)
    busy: bool = False
    gone: bool = False


class World:
    """Everything about a case that is drawn once, and the run of it."""

    def __init__(self, rng, cause, severity, level):
        self.rng, self.cause, self.severity, self.level = rng, cause, severity, level
        self.healthy = "" if cause else rng.choice(HEALTHY)
        self.strength = rng.uniform(*{"subtle": (0.3, 0.45), "moderate": (0.6, 1), "severe": (1.4, 2.6)}[severity])
        self.told = {"prompt": rng.random() < 0.7, "version": rng.random() < 0.6, "region": rng.random() < 0.7,
                     "server": level == "full"}
        self.length_s = rng.uniform(1500, 4200)
        self.onset_s = self.length_s * rng.uniform(0.6, 0.75)
        self.end_s = min(self.length_s, self.onset_s + rng.uniform(240, 700))
        self.step_s, self.per_sequence_s = rng.uniform(0.006, 0.03), rng.uniform(0.0001, 0.001)
        self.per_context_s = rng.uniform(0, 4e-8)
        self.per_token_s = log_uniform(rng, 3e-5, 4e-4)
        self.chunk = rng.choice([None, 512, 2048])
        self.slots = rng.choice([4, 8, 16, 32])
        self.count = rng.randint(2, 3) if cause == "capacity_event" and rng.random() < 0.6 else rng.randint(1, 3)
        self.throttled = cause == "capacity_event" and self.count == 1
        self.affinity = rng.random() < 0.7
        self.cache_tokens = rng.randint(60_000, 400_000)
        self.net_s = rng.uniform(0.002, 0.06)
        self.services = self.draw_services()
        self.confined = len(self.services) > 1 and cause in CONFINED and rng.random() < 0.5
        self.replicas = [Replica(Cache(self.cache_tokens)) for _ in range(self.count)]
        self.events, self.order, self.done = [], itertools.count(), []
        self.turn = itertools.count()

    def draw_services(self):
        rng, services = self.rng, []
        for name in ["assistant", "search", "summaries"][: rng.randint(1, 3)]:
            prompts = [Prompt(f"{name}-{k}", int(log_uniform(rng, 60, 3000)), log_uniform(rng, 30, 900),
                              log_uniform(rng, 30, 350), rng.choice([1, 1, 3, 6])) for k in range(rng.randint(1, 2))]
            services.append(Service(name, rng.randint(2, 8), log_uniform(rng, 1.5, 15), rng.random() < 0.4, prompts))
        first = services[0]
        if self.cause.startswith("cache_miss"):
            first.prompts = [Prompt(p.name, max(p.system, 2500), p.ask, p.answer, max(3, p.turns)) for p in first.prompts]
            self.per_token_s = max(self.per_token_s, 1.5e-4)
        if self.cause == "mix_shift":
            usual = first.prompts[0]
            first.prompts = [usual, Prompt(f"{first.name}-report", usual.system + 1500, usual.ask * 3, usual.answer * 2.5, 1)]
        return services

    def on(self, at_s):
        return 1.0 if self.cause and self.onset_s <= at_s < self.end_s else 0.0

    def touched(self, service):
        return not self.confined or service is self.services[0]

    def push(self, at_s, what):
        heapq.heappush(self.events, (at_s, next(self.order), what))

    def run(self):
        for service in self.services:
            surging = self.cause == "load_surge" and service is self.services[0]
            most = {"subtle": 1.7, "moderate": 2.4, "severe": 4}[self.severity] if surging else 1
            for at in range(round(service.workers * most)):
                self.start_worker(service, extra=at >= service.workers)
        if self.cause in ("prefill_queueing", "decode_contention"):
            self.push(self.onset_s, self.neighbour)
        self.push(self.onset_s, self.strike)
        self.push(self.end_s, self.relieve)
        while self.events and self.events[0][0] < self.length_s:
            at_s, _, what = heapq.heappop(self.events)
            what(at_s)
        return [r for r in sorted(self.done, key=lambda r: r.at_s) if not r.hidden]

    def start_worker(self, service, extra):
        """A client that asks, waits, thinks and asks again; of a surge some come only inside it."""
        state = {"keys": None, "turn": 0}

        def ask(at_s):
            if extra and not self.on(at_s):
                if at_s < self.onset_s:
                    self.push(at_s + 5, ask)
                return
            if self.healthy == "burst" and self.rng.random() < 0.5 and self.onset_s + 60 < at_s < self.onset_s + 100:
                self.send(self.request(service, at_s, {"keys": None, "turn": 0}), None)
            request = self.request(service, at_s, state)

            def again(then_s):
                self.push(then_s + self.rng.expovariate(1 / service.think_s), ask)

            self.send(request, None if service.open_loop else again)
            if service.open_loop:
                again(at_s)

        self.push(self.rng.uniform(0, service.think_s * 2), ask)

    def request(self, service, at_s, state):
        rng, on = self.rng, self.on(at_s) if self.touched(service) else 0.0
        if state["keys"] is None or state["turn"] >= state["prompt"].turns:
            state.update(prompt=self.choose(service, on), turn=0, session=next(self.turn), said=0)
            state["keys"] = []
        prompt = state["prompt"]
        ask = max(4, int(prompt.ask * math.exp(rng.gauss(0, 0.4))))
        answer = max(4, int(prompt.answer * math.exp(rng.gauss(0, 0.5))))
        if self.cause == "prompt_growth":
            ask += int(on * self.strength * 1.5 * (prompt.system + prompt.ask + 300))
        if self.cause == "output_growth":
            answer = int(answer * (1 + on * self.strength))
        tokens = prompt.system + state["said"] + ask
        salt = next(self.turn) if self.cause == "cache_miss_prompt_changed" and on else ""
        if self.cause == "cache_miss_prompt_changed" and rng.random() > self.strength + 0.3:
            salt = ""
        keys = [(f"{prompt.name}{salt}", prompt.system)]
        if state["said"]:
            keys.append((f"s{state['session']}{salt}", prompt.system + state["said"]))
        kept = keys[:1] + [(f"s{state['session']}{salt}", tokens + answer)]
        request = Request(at_s, service, prompt, keys, kept, tokens, answer, on=on)
        state["said"] += ask + answer
        state["turn"] += 1
        return request

    def choose(self, service, on):
        if self.cause != "mix_shift" or service is not self.services[0]:
            return self.rng.choice(service.prompts)
        part = 0.1 + on * min(0.8, 0.5 * self.strength)
        return service.prompts[1] if self.rng.random() < part else service.prompts[0]

    def send(self, request, again):
        rng, request.then = self.rng, again
        if self.cause == "client_stall" and request.on:
            request.before_s = self.strength * rng.uniform(0.2, 1.2)
        if self.cause == "client_retries" and request.on and rng.random() < min(0.8, 0.4 * self.strength + 0.1):
            request.retry_s = rng.uniform(0.5, 1.5) * (0.6 + self.strength)
        far = self.strength * 0.35 if self.cause == "region_change" and request.on else 0.0
        request.net_s = self.net_s * math.exp(rng.gauss(0, 0.3)) + far
        self.push(request.at_s + request.before_s + request.retry_s + request.net_s, lambda at_s: self.arrive(request, at_s))

    def arrive(self, request, at_s):
        open_to = [r for r in self.replicas if not r.gone]
        at = zlib.crc32(request.kept[-1][0].encode()) % len(open_to) if self.affinity and request.kept else None
        replica = open_to[at] if at is not None else min(open_to, key=lambda r: len(r.running) + len(r.queue))
        request.arrived_s = at_s
        replica.queue.append(request)
        if not replica.busy:
            self.begin(replica, at_s)

    def slower(self, at_s):
        slow = 1.0
        if self.healthy == "warm_up" and at_s < 90:
            slow = 2.5
        if self.on(at_s) and (self.cause == "model_change" or self.throttled):
            slow = 1 + 0.7 * self.strength
        return slow * math.exp(self.rng.gauss(0, 0.03))

    def begin(self, replica, at_s):
        while replica.queue and len(replica.running) < self.slots:
            request = replica.queue.popleft()
            request.admitted_s, request.cached = at_s, min(replica.cache.longest(request.keys), request.tokens - 1)
            request.left = request.tokens - request.cached
            replica.running.append(request)
        if not replica.running:
            replica.busy = False
            return
        replica.busy = True
        room, filled, decoding = self.chunk or 1 << 30, 0, [r for r in replica.running if not r.left]
        for request in replica.running:
            if request.left and room:
                took = min(request.left, room)
                request.left, room, filled = request.left - took, room - took, filled + took
        context = sum(r.tokens + r.made for r in decoding)
        took_s = self.step_s + self.per_sequence_s * len(decoding) + self.per_context_s * context + self.per_token_s * filled
        took_s *= self.slower(at_s)
        self.push(at_s + took_s, lambda then_s: self.finish(replica, decoding, then_s))

    def finish(self, replica, decoding, at_s):
        for request in replica.running:
            if request.left:
                continue
            request.made += 1
            if request.made == 1:
                request.first_s, request.batch = at_s, len(replica.running)
                replica.cache.keep(request.kept)
            if request.made >= request.answer:
                request.done_s = at_s + request.net_s
                self.done.append(request)
                if request.then:
                    request.then(request.done_s)
        replica.running = [r for r in replica.running if r.made < r.answer]
        self.begin(replica, at_s)

    def neighbour(self, at_s):
        """Requests of others, which nobody records, until the incident ends."""
        if not self.on(at_s):
            return
        rng, long = self.rng, self.cause == "prefill_queueing"
        tokens, answer = (int(log_uniform(rng, 3000, 9000)), 4) if long else (60, int(log_uniform(rng, 200, 700)))
        each_s = self.per_token_s * tokens if long else self.step_s * answer / self.slots
        of = self.services[0]
        request = Request(at_s, of, of.prompts[0], [], [(f"n{next(self.turn)}", 0)], tokens, answer, hidden=True)
        self.arrive(request, at_s)
        busy = min(0.85, 0.3 + 0.3 * self.strength) * self.count
        self.push(at_s + rng.expovariate(busy / each_s), self.neighbour)

    def strike(self, at_s):
        if self.cause == "cache_miss_evicted":
            for replica in self.replicas:
                replica.cache.room = 3000 if self.strength > 0.5 else 9000
                replica.cache.keep([])
        if self.cause == "capacity_event" and not self.throttled:
            for replica in self.replicas[1:]:
                replica.gone = True

    def relieve(self, _):
        for replica in self.replicas:
            replica.cache.room, replica.gone = self.cache_tokens, False


CONFINED = {"prompt_growth", "output_growth", "cache_miss_prompt_changed", "client_retries", "client_stall"}


def row_of(world, index, request):
    """The call as the canonical table has it at that level; what is not told is left out."""
    ttft, decode = request.first_s + request.net_s - request.at_s, request.done_s - request.net_s - request.first_s
    told, inside = world.told, request.on > 0
    row = {"trace_id": f"{index:032x}", "span_id": f"{index:016x}", "service_name": request.service.name,
           "dialect": "semconv", "start": (START + dt.timedelta(seconds=request.at_s)).isoformat(),
           "duration_s": ttft + decode, "provider": "vllm", "operation": "chat", "request_model": "small-8b",
           "input_tokens": request.tokens, "output_tokens": request.answer, "status": "ok"}
    if told["prompt"]:
        row["prompt_name"] = request.prompt.name
    if world.level == "duration":
        return row
    row |= {"streaming": True, "ttft_s": ttft, "decode_s": decode, "itl_s": decode / max(1, request.answer - 1)}
    if world.level == "tokens":
        return row
    swapped = inside and world.cause == "model_change"
    row |= {"response_model": "small-8b" + ("-r2" if swapped else ""), "cache_read_tokens": request.cached,
            "uncached_tokens": request.tokens - request.cached, "cache_hit_ratio": request.cached / request.tokens,
            "request_id": f"req_{index:06d}", "http_status": 200, "attempts": 2 if request.retry_s else 1,
            "retry_wait_s": request.retry_s, "client_wait_s": request.before_s + 0.002}
    if told["version"]:
        deployed = world.healthy == "deploy" and request.at_s > world.onset_s
        row["prompt_version"] = "v8" if deployed or (inside and world.cause == "cache_miss_prompt_changed") else "v7"
    if told["region"]:
        row["region"] = "ap-south" if inside and world.cause == "region_change" else "eu-west"
    if told["server"]:
        row |= {"queue_wait_s": request.admitted_s - request.arrived_s, "batch_size": request.batch}
    return row


def acceptable(world):
    """The causes that the visible attributes allow; None is an honest silence."""
    cause, level = world.cause, world.level
    slower, places = {"prefill_queueing", "decode_contention", "capacity_event"}, {"model_change", "region_change"}
    names, thin = {cause}, level in ("tokens", "duration")
    if cause in slower:
        # Slots that others fill make first tokens wait, and prefill that is not cut stalls decoding:
        # what was slowed says which names fit.
        ttft, itl = world.moved
        names |= {"prefill_queueing"} if ttft > 1.2 else set()
        names |= {"decode_contention", "capacity_event"} if itl > 1.2 else set()
        names |= {"model_change", "pool_change"} if world.throttled else set()
    if cause in places and (thin or cause == "region_change" and not world.told["region"]):
        names |= slower | places | {"pool_change", "client_stall"}
    if cause.startswith("cache_miss") and (thin or cause.endswith("evicted") or not world.told["version"]):
        names |= {"cache_miss_prompt_changed", "cache_miss_evicted", "cache_miss_cold"}
        names |= slower | {"model_change", "pool_change"} if thin else set()
    if cause.startswith("client") and thin:
        names |= slower | {"client_stall", "client_retries", "region_change"}
    if cause == "mix_shift" and not world.told["prompt"]:
        names |= {"prompt_growth", "output_growth"}
    if cause == "load_surge" and len(world.services) > 1:
        # One service sends more: where nobody gets slower, only the mix of calls is.
        names |= {"mix_shift"}
    if level == "duration" and cause not in ("prompt_growth", "output_growth", "mix_shift", "load_surge"):
        names |= {None, "client_stall", "client_retries", "pool_change", *slower, *places}
    return names


def rise(requests, world):
    """How far the medians of the touched service moved: TTFT, ITL and duration. None where there are
    too few calls, and where the server could not keep up before anything happened."""
    sides = [[], []]
    for r in requests:
        if world.touched(r.service) and r.at_s > 120:
            sides[world.onset_s <= r.at_s < world.end_s].append(
                (r.first_s - r.at_s, (r.done_s - r.first_s) / r.answer, r.done_s - r.at_s))
    if min(map(len, sides)) < 40:
        return None
    waited = [ttft for ttft, _, _ in sides[0]]
    third = len(waited) // 3
    if statistics.median(waited[-third:]) > 1.3 * statistics.median(waited[:third]) or statistics.median(waited) > 5:
        return None
    return [statistics.median(b) / statistics.median(a) for a, b in zip(*(zip(*side) for side in sides))]


def recorded(world, rng):
    """A case's rows, its window, the ids of calls of the slowed time and service and how many calls the
    window holds; None where the draw left too little to judge or to see."""
    requests = world.run()
    moves = rise(requests, world)
    if moves is None:
        return None
    world.moved, moved = moves[:2], max(moves)
    if world.cause and moved < {"subtle": 1.12, "moderate": 1.25, "severe": 1.5}[world.severity]:
        return None
    if not world.cause and moved > 1.1:
        return None
    window = (world.onset_s + rng.uniform(-30, 40), min(world.length_s, world.end_s + rng.uniform(-40, 20)))
    rows = [row_of(world, index, request) for index, request in enumerate(requests)]
    inside = sum(window[0] <= r.at_s < window[1] for r in requests)
    ids = {f"req_{index:06d}" for index, r in enumerate(requests)
           if world.onset_s - 5 <= r.done_s and r.at_s < world.end_s + 10 and world.touched(r.service)}
    return rows, window, ids, inside


if __name__ == "__main__":
    run(__doc__, CAUSES, World, recorded, acceptable, cases=150)
