"""loggroup-usable."""

from trailwarden import Finding, check, failed, passed
from trailwarden.contract import NoParams
from trailwarden.facts import LogGroup


@check(LogGroup, reads=[LogGroup.description])
def loggroup_usable(group: LogGroup, params: NoParams) -> Finding:
    """Log group exists and can carry metric filters.

    Why: a trail goes on naming a log group that was deleted, or one of a class that takes no metric filters; alarms on it stay green.

    Fix: `aws logs create-log-group --log-group-name NAME --region HOME`; the class of a log group can't be changed, so a group of another
    class is replaced. In Terraform `aws_cloudwatch_log_group` with `log_group_class = "STANDARD"`.

    Error: refused, or the log group is in another account, as an organization trail's is for its members.
    """
    description = group.description
    expected = {"logGroupName": group.name, "logGroupClass": "STANDARD"}
    if not description.exists:
        return failed(f"log group {group.name} does not exist in {group.region}", {"logGroupName": None}, expected)
    # Before there were classes every log group was a standard one, and answers of that kind name none.
    log_class = description.log_class or "STANDARD"
    observed = {"logGroupName": group.name, "logGroupClass": description.log_class or None}
    if log_class != "STANDARD":
        return failed(
            f"log group {group.name} is of class {log_class}, which takes no metric filters", observed, expected
        )
    return passed(f"log group {group.name} exists and takes metric filters", observed, expected)
