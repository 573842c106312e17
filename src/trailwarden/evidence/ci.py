"""Which CI job made the evidence, from the variables that CI systems document. Nothing else of the environment is kept."""

from __future__ import annotations

from collections.abc import Mapping

# System, the variable that gives it away, then our name -> template over its variables. A template with an unset variable gives nothing.
_SYSTEMS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    (
        "GitHub Actions",
        "GITHUB_ACTIONS",
        {
            "url": "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
            "attempt": "{GITHUB_RUN_ATTEMPT}",
            "workflow": "{GITHUB_WORKFLOW_REF}",
            "repository": "{GITHUB_REPOSITORY}",
            "ref": "{GITHUB_REF}",
            "commit": "{GITHUB_SHA}",
            "actor": "{GITHUB_ACTOR}",
        },
    ),
    (
        "GitLab CI",
        "GITLAB_CI",
        {
            "url": "{CI_JOB_URL}",
            "workflow": "{CI_PIPELINE_SOURCE}",
            "repository": "{CI_PROJECT_PATH}",
            "ref": "{CI_COMMIT_REF_NAME}",
            "commit": "{CI_COMMIT_SHA}",
            "actor": "{GITLAB_USER_LOGIN}",
        },
    ),
    (
        "Azure Pipelines",
        "TF_BUILD",
        {
            "url": "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
            "workflow": "{BUILD_DEFINITIONNAME}",
            "repository": "{BUILD_REPOSITORY_NAME}",
            "ref": "{BUILD_SOURCEBRANCH}",
            "commit": "{BUILD_SOURCEVERSION}",
            "actor": "{BUILD_REQUESTEDFOR}",
        },
    ),
    (
        "Jenkins",
        "JENKINS_URL",
        {"url": "{BUILD_URL}", "workflow": "{JOB_NAME}", "ref": "{GIT_BRANCH}", "commit": "{GIT_COMMIT}"},
    ),
    (
        "CircleCI",
        "CIRCLECI",
        {
            "url": "{CIRCLE_BUILD_URL}",
            "workflow": "{CIRCLE_JOB}",
            "repository": "{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}",
            "ref": "{CIRCLE_BRANCH}",
            "commit": "{CIRCLE_SHA1}",
            "actor": "{CIRCLE_USERNAME}",
        },
    ),
    (
        "Buildkite",
        "BUILDKITE",
        {
            "url": "{BUILDKITE_BUILD_URL}",
            "workflow": "{BUILDKITE_PIPELINE_SLUG}",
            "ref": "{BUILDKITE_BRANCH}",
            "commit": "{BUILDKITE_COMMIT}",
            "actor": "{BUILDKITE_BUILD_CREATOR}",
        },
    ),
)


def ci_facts(environment: Mapping[str, str]) -> dict[str, str]:
    """Return system, url, workflow, repository, ref, commit and actor of the job, as far as they are known; nothing outside of CI."""
    for system, sign, templates in _SYSTEMS:
        if environment.get(sign):
            found = {"system": system}
            for name, template in templates.items():
                try:
                    text = template.format_map({key: value for key, value in environment.items() if value})
                except KeyError:
                    continue
                found[name] = text
            return found
    return {}
