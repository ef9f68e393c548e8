//! Attributes that are no dialect's own: the service, the tenant, the session, what to slice by.

use super::table::{Clue, Field, From, To, Unit, attr, resource, resource_segment, segment};
use crate::schema::Col;

/// Fields that any span may carry.
pub const FIELDS: &[Field] = &[
    resource(Col::ServiceName, "service.name"),
    attr(Col::ServerAddress, "server.address"),
    attr(Col::ServerAddress, "net.peer.name"),
    attr(Col::ServerAddress, "url.full").unit(Unit::Host),
    attr(Col::HttpStatus, "http.response.status_code"),
    attr(Col::HttpStatus, "http.status_code"),
    attr(Col::ErrorType, "error.type"),
    Field {
        to: To::Col(Col::ErrorType),
        from: From::EventAttr("exception", "exception.type"),
        unit: Unit::Plain,
    },
    Field {
        to: To::Clue(Clue::Failure),
        from: From::EventAttr("exception", "exception.message"),
        unit: Unit::Plain,
    },
    attr(Col::SessionId, "session.id"),
    attr(Col::Tenant, "tenant.id"),
    attr(Col::Tenant, "tenant"),
    attr(Col::Tenant, "tenant_id"),
    attr(Col::Tenant, "organization.id"),
    attr(Col::Tenant, "enduser.tenant"),
    attr(Col::PromptHash, "prompt.hash"),
    attr(Col::PromptHash, "gen_ai.system_instructions.hash"),
    attr(Col::PromptHash, "gen_ai.prompt.hash"),
    resource_segment("service.version"),
    resource_segment("service.instance.id"),
    resource_segment("service.namespace"),
    resource_segment("deployment.environment.name"),
    Field {
        to: To::Segment("deployment.environment.name"),
        from: From::Resource("deployment.environment"),
        unit: Unit::Plain,
    },
    resource_segment("cloud.region"),
    resource_segment("cloud.availability_zone"),
    resource_segment("k8s.cluster.name"),
    resource_segment("k8s.namespace.name"),
    resource_segment("k8s.deployment.name"),
    resource_segment("k8s.node.name"),
    segment("gen_ai.agent.name"),
    segment("traceloop.workflow.name"),
    segment("feature"),
    segment("app.feature"),
    segment("app.route"),
    segment("customer.tier"),
    segment("gen_ai.request.reasoning.level"),
];
