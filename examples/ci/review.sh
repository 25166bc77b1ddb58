#!/bin/sh
# What the pipelines beside this file run: a change of the desired-state file is planned for its
# reviewers, the plan that they saw is applied once it is merged, and drift is told every night.
#
#   review.sh review   on a merge request: validate, plan, comment; fails where the plan is blocked.
#                      Of one look at the hosts it leaves in OUT p.plan.json, plan.md, plan.html,
#                      plan.xml (JUnit) and reconcile.sarif, with what is refused at its line
#   review.sh fetch    on the main branch: brings the plan of the merged request into OUT
#   review.sh apply    on the main branch: plans the merged file and applies exactly that plan, or
#                      fails as stale (6)
#   review.sh drift    nightly: what the hosts have otherwise; fails with 2 if there is something
#
# The exit status is reconcile's own; of `review` 2, a plan with changes, counts as 0.
#
# RECONCILE_CONFIG       the desired-state file (cluster.yaml)
# OUT                    where results are left for the pipeline to keep (reconcile-out)
# RECONCILE_ACCEPT_DATA  devices that may be formatted, by spaces; set by hand for one run, never
#                        in a file: a merged plan alone must not erase anything
# RECONCILE_SSH_KEY      the key to log in with, or its file; it goes to an agent of this script only
# RECONCILE_LOOK_KEY     the same, of the user who may only look (ssh.probe in the file): review and
#                        drift need no other one, apply needs both
# GH_TOKEN               GitHub: may read pull requests and actions, and write comments
# GITLAB_TOKEN           GitLab: a project token with the scope api
set -eu

FILE=${RECONCILE_CONFIG:-cluster.yaml}
OUT=${OUT:-reconcile-out}
PLAN=$OUT/p.plan.json
COMMENT=$OUT/plan.md
SARIF=$OUT/reconcile.sarif
# What reconcile puts first into its Markdown: by it the comment is found again.
MARKER='<!-- reconcile-plan -->'

say() { printf 'review.sh: %s\n' "$*" >&2; }

review() {
    status=0
    rm -f "$PLAN"
    reconcile validate "$FILE" --format sarif >"$SARIF" || status=$?
    if [ "$status" -ne 0 ]; then
        reconcile validate "$FILE" || : # once more, for people
        return "$status"
    fi
    reconcile plan "$FILE" --no-input --detailed-exitcode --format markdown -o "$PLAN" \
        >"$COMMENT" || status=$?
    if [ ! -s "$PLAN" ]; then return "$status"; fi # it could not plan, and has said why
    cat "$COMMENT"
    # The same look in other forms: no host is asked again.
    reconcile show "$PLAN" --format sarif >"$SARIF"
    reconcile show "$PLAN" --format junit >"$OUT/plan.xml"
    reconcile show "$PLAN" --format html >"$OUT/plan.html"
    comment
    case $status in
    0 | 2) return 0 ;;
    *) say "the plan is blocked: see the comment" ;;
    esac
    return "$status"
}

comment() { # updated in place: one comment a merge request, however often it is pushed to
    if [ -n "${GITHUB_ACTIONS:-}" ]; then
        comments=repos/$GITHUB_REPOSITORY/issues
        old=$(gh api --paginate "$comments/$PULL_REQUEST/comments" \
            --jq ".[] | select(.body | startswith(\"$MARKER\")) | .id" | head -n 1)
        if [ -n "$old" ]; then
            gh api --method PATCH "$comments/comments/$old" -F "body=@$COMMENT" >"$OUT/comment.json"
        else
            gh api --method POST "$comments/$PULL_REQUEST/comments" -F "body=@$COMMENT" \
                >"$OUT/comment.json"
        fi
    elif [ -n "${GITLAB_CI:-}" ]; then
        notes=merge_requests/$CI_MERGE_REQUEST_IID/notes
        gitlab "$notes?per_page=100&order_by=created_at&sort=asc" >"$OUT/notes.json"
        old=$(first "$OUT/notes.json" 'n["id"] for n in d if n["body"].startswith(sys.argv[2])' \
            "$MARKER")
        if [ -n "$old" ]; then
            gitlab "$notes/$old" --request PUT --data-urlencode "body@$COMMENT" >"$OUT/comment.json"
        else
            gitlab "$notes" --request POST --data-urlencode "body@$COMMENT" >"$OUT/comment.json"
        fi
    fi
}

gitlab() { # gitlab PATH [OPTION OF CURL]...: the token goes by stdin, no process list shows it
    path=$1
    shift
    printf 'header = "PRIVATE-TOKEN: %s"\n' "$GITLAB_TOKEN" |
        curl --config - --fail --silent --show-error --location --max-time 120 "$@" \
            "$CI_API_V4_URL/projects/$CI_PROJECT_ID/$path"
}

first() { # first FILE ITEMS [WORD]: the first of ITEMS of the JSON document d; nothing without
    python3 -c "import json, sys
with open(sys.argv[1]) as file: d = json.load(file)
print(next(iter([$2]), ''))" "$1" "${3:-}"
}

fetch() {
    if [ -n "${GITHUB_ACTIONS:-}" ]; then
        head=$(gh api "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" --jq '.[0].head.sha // ""')
        run=
        if [ -n "$head" ]; then
            run=$(gh run list --repo "$GITHUB_REPOSITORY" --workflow "$GITHUB_WORKFLOW" \
                --event pull_request --status success --commit "$head" --limit 1 \
                --json databaseId --jq '.[0].databaseId // ""')
        fi
        found "$run"
        gh run download "$run" --repo "$GITHUB_REPOSITORY" --name plan --dir "$OUT"
    else
        gitlab "repository/commits/$CI_COMMIT_SHA/merge_requests" >"$OUT/requests.json"
        request=$(first "$OUT/requests.json" 'r["iid"] for r in d if r["state"] == "merged"')
        found "$request"
        gitlab "merge_requests/$request/pipelines" >"$OUT/pipelines.json"
        pipeline=$(first "$OUT/pipelines.json" 'p["id"] for p in d if p["status"] == "success"')
        found "$pipeline"
        gitlab "pipelines/$pipeline/jobs?per_page=100" >"$OUT/jobs.json"
        job=$(first "$OUT/jobs.json" 'j["id"] for j in d if j["name"] == "review"')
        found "$job"
        gitlab "jobs/$job/artifacts/$PLAN" >"$PLAN"
    fi
}

found() {
    [ -n "$1" ] && return
    say "no reviewed plan belongs to this commit: change $FILE by a merge request"
    exit 1
}

apply() {
    # What was merged last must be what the plan was made for.
    merged=$(sha256sum "$FILE" | cut -d ' ' -f 1)
    if [ "$merged" != "$(first "$PLAN" 'd["file_digest"]')" ]; then
        say "$FILE is not what this plan was made for: update the branch before it is merged"
        return 6
    fi
    # A merge request can change its own pipeline, and so what it leaves as its plan: of that only
    # the id is believed, and only if the file that was merged is planned to the same one.
    reviewed=$(first "$PLAN" 'd["id"]')
    reconcile plan "$FILE" --no-input --format json >"$OUT/now.plan.json" || :
    if [ "$(first "$OUT/now.plan.json" 'd["id"]')" != "$reviewed" ]; then
        reconcile apply "$PLAN" --no-input || return # says what differs; approves nothing
        return 6
    fi
    set -- "$FILE" --no-input --approve "$reviewed"
    for device in ${RECONCILE_ACCEPT_DATA:-}; do set -- "$@" --accept-data "$device"; done
    reconcile apply "$@"
}

drift() {
    status=0
    reconcile drift "$FILE" --no-input --format markdown >"$OUT/drift.md" || status=$?
    cat "$OUT/drift.md"
    return "$status"
}

with_key() { # gives the keys to an agent that ends with this script
    [ -n "${RECONCILE_SSH_KEY:-}${RECONCILE_LOOK_KEY:-}" ] || return 0
    [ -n "${OUR_AGENT:-}" ] || OUR_AGENT=1 exec ssh-agent sh "$0" "$@"
    for key in "${RECONCILE_SSH_KEY:-}" "${RECONCILE_LOOK_KEY:-}"; do
        if [ -f "$key" ]; then
            tr -d '\r' <"$key" | ssh-add -q -
        elif [ -n "$key" ]; then
            printf '%s\n' "$key" | ssh-add -q -
        fi
    done
    unset RECONCILE_SSH_KEY RECONCILE_LOOK_KEY
}

mkdir -p "$OUT"
case ${1:-} in
review | apply | drift)
    with_key "$@"
    "$1"
    ;;
fetch) fetch ;;
*)
    say "one of review, fetch, apply, drift"
    exit 64
    ;;
esac
