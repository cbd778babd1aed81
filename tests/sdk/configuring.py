"""Every method of the official Python SDK's configuration client, called and its answer checked.

Runs in an environment that holds the SDK and nothing of ours:
``python configuring.py HOST VERSION FACTS.json CA.pem``. A method that is not called fails the run.
"""

from livechat.agent.web.base import AgentWeb
from livechat.configuration.base import ConfigurationApi
from methods import Counted, equal, refusal, run

MONDAY = {"day": "monday", "enabled": True, "start": "08:00", "end": "16:00"}
WEEK = {"timezone": "Europe/Warsaw", "schedule": [MONDAY]}
SHOP = {"url": {"values": [{"value": "/shop", "exact_match": False}]}}
AGENTS = {"agent": ["read", "write"]}


def ids(things, key="id"):
    """Return the ids of what a list holds."""
    return [thing[key] for thing in things]


def one(things, wanted, key="id"):
    """Return the one of a list with this id."""
    (found,) = [thing for thing in things if thing[key] == wanted]
    return found


def reached(answer, length):
    """Return the ids a batch answered; it must have so many answers, none of them a refusal."""
    equal(list(answer), ["responses"])
    equal(len(answer["responses"]), length)
    assert not [one for one in answer["responses"] if "error" in one], answer
    return [one.get("id") for one in answer["responses"]]


class Company:
    """The client of an owner, and what they configure."""

    def __init__(self, host, version, facts, authority):
        self.facts = facts
        self.version = version
        self.organization_id = facts["organization_id"]
        self.owner = {"owner_client_id": facts["client_id"]}
        self.owner_id, self.colleague, self.third = (agent["id"] for agent in facts["agents"])
        self.where = {
            "version": version,
            "base_url": host,
            "verify": authority,
            "disable_logging": True,
        }
        self.token = f"Bearer {facts['agents'][0]['access_token']}"
        self.api = self.client(self.token)

    def client(self, token):
        """Return the client of whoever has a token."""
        return Counted(ConfigurationApi.get_client(token=token, **self.where))

    def headers(self):
        """What the client says of itself belongs to it alone."""
        self.api.modify_header({"X-Region": "dal"})
        equal(self.api.get_headers()["x-region"], "dal")
        self.api.remove_header("X-Region")
        assert "x-region" not in self.api.get_headers()
        equal(self.api.get_headers()["authorization"], self.token)

    def agents(self):
        """Agents come, change, are suspended, approved, and go."""
        chosen = {
            "job_title": "Support",
            "mobile": "+48123456789",
            "max_chats_count": 5,
            "groups": [{"id": 1, "priority": "last"}],
            "notifications": ["new_visitor"],
            "email_subscriptions": ["weekly_summary"],
            "work_scheduler": WEEK,
        }
        new = f"nora@{self.organization_id}.example.com"
        made = self.api.create_agent(
            id=new, name="Nora", role="normal", awaiting_approval=True, **chosen
        )
        equal(made, {"id": new})
        fields = [*chosen, "awaiting_approval", "suspended"]
        nora = self.api.get_agent(id=new, fields=fields)
        equal({name: nora[name] for name in chosen}, chosen)
        equal((nora["name"], nora["role"], nora["awaiting_approval"]), ("Nora", "normal", True))
        equal(self.api.approve_agent(id=new), {})
        equal(self.api.update_agent(id=new, job_title="Lead", role="administrator"), {})
        equal(self.api.suspend_agent(id=new), {})
        (nora,) = self.api.list_agents(filters={"group_ids": [1], "suspended": True}, fields=fields)
        equal((nora["id"], nora["job_title"], nora["role"]), (new, "Lead", "administrator"))
        equal((nora["awaiting_approval"], nora["suspended"]), (False, True))
        equal(self.api.unsuspend_agent(id=new), {})
        equal(self.api.get_agent(id=new, fields=["suspended"])["suspended"], False)
        equal(self.api.delete_agent(id=new), {})
        equal(refusal(self.api.get_agent, id=new), "not_found")
        everybody = sorted(agent["id"] for agent in self.facts["agents"])
        equal(ids(self.api.list_agents()), everybody)

    def unsuspension(self):
        """A suspended agent asks to be let in again, and can do nothing else."""
        facts = self.facts["agents"][1]
        colleague = self.client(f"Bearer {facts['access_token']}")
        self.api.suspend_agent(id=self.colleague)
        equal(colleague.request_agent_unsuspension(), {})
        equal(refusal(colleague.list_agents), "requester_suspended")
        self.api.unsuspend_agent(id=self.colleague)
        equal(ids(colleague.list_agents(filters={"suspended": True})), [])
        equal(self.api.request_agent_unsuspension(), {})

    def batches_of_agents(self):
        """The same, several at once, each answered for itself."""
        new = [f"{name}@{self.organization_id}.example.com" for name in ("pia", "raul")]
        named = [{"id": agent_id} for agent_id in new]
        people = [{"id": agent_id, "name": "New", "awaiting_approval": True} for agent_id in new]
        equal(reached(self.api.batch_create_agents(requests=people), 2), new)
        refused = self.api.batch_create_agents(requests=people[:1])["responses"]
        equal(refused[0]["error"]["type"], "already_exists")
        reached(self.api.batch_approve_agents(requests=named), 2)
        changes = [{"id": agent_id, "mobile": "1"} for agent_id in new]
        reached(self.api.batch_update_agents(requests=changes), 2)
        reached(self.api.batch_suspend_agents(requests=named), 2)
        fields = ["mobile", "suspended", "awaiting_approval"]
        for agent_id in new:
            agent = self.api.get_agent(id=agent_id, fields=fields)
            equal([agent[field] for field in fields], ["1", True, False])
        reached(self.api.batch_unsuspend_agents(requests=named), 2)
        equal(ids(self.api.list_agents(filters={"suspended": True})), [])
        reached(self.api.batch_delete_agents(requests=named), 2)
        for agent_id in new:
            equal(refusal(self.api.get_agent, id=agent_id), "not_found")

    def auto_access(self):
        """Rules stand in an order."""
        groups = {"groups": [1]}
        first = self.api.add_auto_access(access=groups, conditions=SHOP, description="Shop")["id"]
        second = self.api.add_auto_access(
            access=groups, conditions=SHOP, description="Before", next_id=first
        )["id"]
        equal(ids(self.api.list_auto_accesses()), [second, first])
        answer = self.api.update_auto_access(
            id=second, next_id="", access={"groups": [0]}, description="Now the last"
        )
        equal(answer, {})
        listed = self.api.list_auto_accesses()
        equal(ids(listed), [first, second])
        equal((listed[0]["access"], listed[0]["description"]), (groups, "Shop"))
        equal((listed[1]["access"], listed[1]["description"]), ({"groups": [0]}, "Now the last"))
        for rule in (first, second):
            equal(self.api.delete_auto_access(id=rule), {})
        equal(self.api.list_auto_accesses(), [])

    def bots(self):
        """A bot is made, changed, gets a token, and goes."""
        chosen = {
            "max_chats_count": 50,
            "default_group_priority": "first",
            "groups": [{"id": 1, "priority": "last"}],
        }
        made = self.api.create_bot(
            name="Robin",
            avatar="https://example.com/robin.png",
            job_title="Assistant",
            work_scheduler=WEEK,
            **chosen,
            **self.owner,
        )
        equal(sorted(made), ["id", "secret"])
        bot = self.api.get_bot(id=made["id"], fields=["groups", "job_title", "work_scheduler"])
        equal((bot["id"], bot["name"], bot["job_title"]), (made["id"], "Robin", "Assistant"))
        equal((bot["groups"], bot["work_scheduler"]), (chosen["groups"], WEEK))
        self.token_of(made["id"], made["secret"])
        secret = self.api.reset_bot_secret(id=made["id"], **self.owner)["secret"]
        equal(refusal(self.issue, bot_id=made["id"], secret=made["secret"]), "authentication")
        self.token_of(made["id"], secret)
        equal(self.api.update_bot(id=made["id"], name="Robina", max_chats_count=60), {})
        listed = self.api.list_bots(all=True, fields=["max_chats_count"])
        robina = one(listed, made["id"])
        equal((robina["name"], robina["max_chats_count"]), ("Robina", 60))
        equal(self.api.delete_bot(id=made["id"]), {})
        assert made["id"] not in ids(self.api.list_bots(all=True))

    def issue(self, bot_id, secret):
        """Ask for a bot's token."""
        return self.api.issue_bot_token(
            bot_id=bot_id,
            bot_secret=secret,
            organization_id=self.organization_id,
            client_id=self.facts["client_id"],
        )

    def token_of(self, bot_id, secret):
        """Get a bot's token and act with it."""
        token = self.issue(bot_id, secret)["token"]
        bot = Counted(AgentWeb.get_client(access_token=f"Bearer {token}", **self.where))
        equal(bot.set_routing_status(status="accepting_chats"), {})

    def batches_of_bots(self):
        """Bots by the dozen."""
        requests = [{"name": name, **self.owner} for name in ("Ada", "Bo")]
        made = reached(self.api.batch_create_bots(requests=requests), 2)
        changes = [{"id": bot_id, "name": "Renamed"} for bot_id in made]
        reached(self.api.batch_update_bots(requests=changes), 2)
        equal([self.api.get_bot(id=bot_id)["name"] for bot_id in made], ["Renamed"] * 2)
        reached(self.api.batch_delete_bots(requests=[{"id": bot_id} for bot_id in made]), 2)
        equal([refusal(self.api.get_bot, id=bot_id) for bot_id in made], ["not_found"] * 2)

    def templates(self):
        """A template makes bots where its application is installed."""
        looks = {"job_title": "Guide", "max_chats_count": 7, "default_group_priority": "last"}
        made = self.api.create_bot_template(
            name="Guide", avatar="https://example.com/guide.png", **looks, **self.owner
        )
        named = {"id": made["id"], **self.owner, "affect_existing_installations": True}
        equal(sorted(made), ["id", "secret"])
        assert self.api.reset_bot_template_secret(**named)["secret"] != made["secret"]
        equal(self.api.update_bot_template(name="Escort", max_chats_count=8, **named), {})
        equal(one(self.api.list_bot_templates(**self.owner), made["id"])["name"], "Escort")
        equal(self.api.delete_bot_template(**named), {})
        equal(self.api.list_bot_templates(**self.owner), [])

    def groups(self):
        """Groups come, change and go."""
        team = {self.colleague: "normal", self.third: "first"}
        made = self.api.create_group(name="Crew", language_code="en", agent_priorities=team)["id"]
        crew = self.api.get_group(id=made, fields=["agent_priorities", "routing_status"])
        equal((crew["id"], crew["name"], crew["language_code"]), (made, "Crew", "en"))
        equal((crew["agent_priorities"], crew["routing_status"]), (team, "offline"))
        answer = self.api.update_group(
            id=made, name="Team", language_code="pl", agent_priorities={self.third: "normal"}
        )
        equal(answer, {})
        found = one(self.api.list_groups(fields=["agent_priorities"]), made)
        equal((found["name"], found["agent_priorities"]), ("Team", {self.third: "normal"}))
        equal(self.api.delete_group(id=made), {})
        assert made not in ids(self.api.list_groups())

    def properties(self):
        """Properties are defined, published, set, listed and deleted."""
        namespace = self.facts["client_id"]
        tone = {"type": "string", "access": {"license": AGENTS, "group": AGENTS}}
        answer = self.api.register_property(
            name="tone",
            description="How we sound",
            domain=["calm", "loud"],
            default_value="calm",
            **tone,
            **self.owner,
        )
        equal(answer, {})
        self.api.register_property(
            name="level",
            type="int",
            access={"chat": AGENTS},
            range={"from": 1, "to": 3},
            **self.owner,
        )
        equal(self.api.publish_property(name="tone", access_type=["read"], **self.owner), {})
        equal(self.api.unregister_property(name="level", **self.owner), {})
        expected = {
            **tone,
            "description": "How we sound",
            "domain": ["calm", "loud"],
            "default_value": "calm",
            "public_access": ["read"],
        }
        equal(self.api.list_properties(**self.owner), {"tone": expected})
        loud, calm = ({namespace: {"tone": value}} for value in ("loud", "calm"))
        names = {namespace: ["tone"]}
        listed = {"namespace": namespace, "name_prefix": "to"}
        equal(self.api.update_license_properties(properties=loud), {})
        equal(self.api.list_license_properties(**listed), loud)
        equal(self.api.delete_license_properties(properties=names), {})
        equal(self.api.list_license_properties(**listed), calm)
        equal(self.api.update_group_properties(group_id=1, properties=loud), {})
        groups = [{"id": 0, "properties": calm}, {"id": 1, "properties": loud}]
        equal(self.api.list_groups_properties(group_ids=[0, 1], **listed), groups)
        equal(self.api.delete_group_properties(id=1, properties=names), {})
        groups = [{"id": 1, "properties": calm}]
        equal(self.api.list_groups_properties(group_ids=[1], **listed), groups)

    def tags(self):
        """Tags belong to groups."""
        equal(self.api.create_tag(name="urgent", group_ids=[0]), {})
        equal(self.api.update_tag(name="urgent", group_ids=[1]), {})
        (urgent,) = self.api.list_tags(filters={"group_ids": [1]})
        equal((urgent["name"], urgent["group_ids"]), ("urgent", [1]))
        equal(self.api.delete_tag(name="urgent"), {})
        assert "urgent" not in ids(self.api.list_tags(), "name")

    def webhooks(self):
        """Webhooks are registered, switched on and off."""
        names = self.api.list_webhook_names(version=self.version)
        assert "incoming_chat" in ids(names, "action"), names
        made = self.api.register_webhook(
            action="incoming_event",
            secret_key="secret",
            url="https://example.com/hooks",
            additional_data=["chat_properties"],
            description="What customers say",
            filters={"author_type": "customer"},
            type="license",
            **self.owner,
        )["id"]
        (webhook,) = self.api.list_webhooks(**self.owner)
        equal((webhook["id"], webhook["url"]), (made, "https://example.com/hooks"))
        equal(
            (webhook["action"], webhook["filters"]), ("incoming_event", {"author_type": "customer"})
        )
        for switch, enabled in (("enable", True), ("disable", False)):
            equal(getattr(self.api, f"{switch}_license_webhooks")(**self.owner), {})
            state = self.api.get_license_webhooks_state(**self.owner)
            equal(state, {"license_webhooks_enabled": enabled})
        equal(self.api.unregister_webhook(id=made, **self.owner), {})
        equal(self.api.list_webhooks(**self.owner), [])

    def licence(self):
        """What is known of the licence."""
        (channel,) = self.api.list_channels()
        equal(channel["channel_type"], "integration")
        equal(channel["channel_subtype"], self.facts["client_id"])
        equal(self.api.check_product_limits_for_plan(plan="enterprise"), [])
        too_much = {"resource": "groups", "limit_balance": 2}
        equal(self.api.check_product_limits_for_plan(plan="starter"), [too_much])
        source = self.api.get_product_source()
        equal((source["source_id"], source["source_type"]), ("demo", "self_hosted"))

    def people(self):
        """Bans are lifted, mail goes again, the company says who it is: 3.6 and newer."""
        banned = self.facts["customers"][0]["entity_id"]
        agent = Counted(AgentWeb.get_client(access_token=self.token, **self.where))
        agent.ban_customer(id=banned, ban={"days": 1})
        equal(ids(self.api.list_customer_bans(), "customer_id"), [banned])
        equal(self.api.unban_customer(customer_id=banned), {})
        equal(self.api.list_customer_bans(), [])
        equal(self.api.reactivate_email(agent_id=self.colleague), {})
        equal(refusal(self.api.reactivate_email, agent_id="nobody@example.com"), "not_found")
        details = {"company": "Shop Ltd.", "city": "Wrocław", "url": "https://example.com"}
        equal(self.api.update_company_details(enrich=True, **details), {})
        equal(self.api.get_company_details(), details)

    def greetings(self):
        """Greetings come, change and go: 3.6 and newer."""
        rule = {"condition": "and", "type": "url_current", "operator": "contains", "value": "/new"}
        made = self.api.create_greeting(
            type="normal",
            active=True,
            active_from="2024-01-01T00:00:00Z",
            active_until="2124-01-01T00:00:00Z",
            name="New",
            group=0,
            rules=[rule],
            properties={"greeting-message_text": "Hello"},
        )["id"]
        answer = self.api.update_greeting(id=made, active=False, name="Newer")
        equal(answer, {})
        greeting = self.api.get_greeting(id=made)
        equal((greeting["id"], greeting["name"], greeting["active"]), (made, "Newer", False))
        equal(greeting["rules"], [rule])
        known = ids(self.api.list_greetings(groups=[0], limit=10)["greetings"])
        equal(known, [*self.facts["greetings"].values(), made])
        equal(self.api.delete_greeting(id=made), {})
        equal(refusal(self.api.get_greeting, id=made), "greeting_not_found")

    def responses(self):
        """Prepared texts: 3.7 and newer."""
        made = self.api.create_canned_response(
            text="Hello", tags=["hi"], group_id=1, is_private=False
        )["id"]
        answer = self.api.update_canned_response(id=made, text="Good day", tags=["day"])
        equal(answer, {})
        listed = self.api.list_canned_responses(group_ids=[1], include_private=True, limit=10)
        (response,) = listed["canned_responses"]
        equal((response["id"], response["text"], response["tags"]), (made, "Good day", ["day"]))
        equal(self.api.delete_canned_response(id=made), {})
        equal(self.api.list_canned_responses()["canned_responses"], [])

    def visit(self):
        """A customer's chat is how an application becomes a channel."""
        agent = Counted(AgentWeb.get_client(access_token=self.token, **self.where))
        customer = {"id": self.facts["customers"][0]["entity_id"], "type": "customer"}
        assert agent.start_chat(active=False, chat={"users": [customer]})["chat_id"]


def main(host, version, facts, authority):
    company = Company(host, version, facts, authority)
    steps = [
        company.headers,
        company.agents,
        company.unsuspension,
        company.batches_of_agents,
        company.auto_access,
        company.bots,
        company.batches_of_bots,
        company.templates,
        company.groups,
        company.properties,
        company.tags,
        company.webhooks,
        company.visit,
        company.licence,
    ]
    if company.api.has("create_greeting"):
        steps += [company.people, company.greetings]
    if company.api.has("create_canned_response"):
        steps.append(company.responses)
    for step in steps:
        print(step.__name__, flush=True)
        step()
    equal(company.api.left_out(), [])


if __name__ == "__main__":
    run(main)
