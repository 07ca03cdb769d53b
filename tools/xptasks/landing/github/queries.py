"""The few GraphQL calls: what REST cannot say at once, or cannot do at all.

One query reads all that is decided upon about a pull request, so that no decision mixes two moments. Lists are read
as far as they matter: the first 100 labels, checks and comments.
"""

_CHECKS = """
fragment Checks on StatusCheckRollup {
  contexts(first: 100) {
    pageInfo { hasNextPage }
    nodes {
      __typename
      ... on CheckRun {
        name status conclusion url detailsUrl title startedAt
        checkSuite { workflowRun { event } }
        annotations(first: 10) { nodes { path message annotationLevel location { start { line } } } }
      }
      ... on StatusContext { context state targetUrl description }
    }
  }
}
"""

_PULL = (
    """
fragment Pull on PullRequest {
  id number url title body state isDraft isCrossRepository
  headRefName headRefOid baseRefName mergeable mergeStateStatus reviewDecision createdAt
  mergeCommit { oid }
  labels(first: 100) { nodes { name } }
  isMergeQueueEnabled
  mergeQueueEntry { position state headCommit { oid statusCheckRollup { ...Checks } } }
  autoMergeRequest { mergeMethod enabledBy { login } }
  commits(last: 1) { nodes { commit { oid statusCheckRollup { ...Checks } } } }
  timelineItems(last: 1, itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT, ADDED_TO_MERGE_QUEUE_EVENT,
    AUTO_MERGE_DISABLED_EVENT, AUTO_MERGE_ENABLED_EVENT,
    CLOSED_EVENT, REOPENED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT, PULL_REQUEST_COMMIT]) {
    nodes {
      __typename
      ... on RemovedFromMergeQueueEvent {
        reason actor { login } beforeCommit { oid statusCheckRollup { ...Checks } }
      }
      ... on AutoMergeDisabledEvent { reason actor { login } }
      ... on ClosedEvent { actor { login } }
    }
  }
}
"""
    + _CHECKS
)

PULL = (
    """
query Pull($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { ...Pull } }
}
"""
    + _PULL
)

PULLS = (
    """
query Pulls($owner: String!, $name: String!, $trunk: String!, $label: String!, $ended: Int!) {
  repository(owner: $owner, name: $name) {
    open: pullRequests(first: 50, states: [OPEN], baseRefName: $trunk, labels: [$label],
      orderBy: {field: CREATED_AT, direction: ASC}) { nodes { ...Pull } }
    ended: pullRequests(first: $ended, states: [MERGED, CLOSED], baseRefName: $trunk, labels: [$label],
      orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { ...Pull } }
  }
}
"""
    + _PULL
)

COMMENTS = """
query Comments($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      comments(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { databaseId body viewerDidAuthor }
      }
    }
  }
}
"""

REVIEWS = """
query Reviews($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      author { login }
      latestOpinionatedReviews(first: 100, writersOnly: true) {
        nodes { state submittedAt commit { oid } author { __typename login } }
      }
      commits(first: 250) {
        totalCount
        nodes { commit { authors(first: 20) { nodes { user { login } } } } }
      }
    }
  }
}
"""

ARM = """
mutation Arm($pull: ID!, $head: GitObjectID!, $method: PullRequestMergeMethod!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $pull, expectedHeadOid: $head, mergeMethod: $method}) {
    pullRequest { id }
  }
}
"""

DISARM = """
mutation Disarm($pull: ID!) {
  disablePullRequestAutoMerge(input: {pullRequestId: $pull}) { pullRequest { id } }
}
"""

ENQUEUE = """
mutation Enqueue($pull: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head}) { mergeQueueEntry { id } }
}
"""

DEQUEUE = """
mutation Dequeue($pull: ID!) {
  dequeuePullRequest(input: {id: $pull}) { mergeQueueEntry { id } }
}
"""

WORKFLOWS = """
query Workflows($owner: String!, $name: String!, $folder: String!) {
  repository(owner: $owner, name: $name) {
    autoMergeAllowed squashMergeAllowed mergeCommitAllowed deleteBranchOnMerge isArchived
    folder: object(expression: $folder) {
      ... on Tree { entries { name object { ... on Blob { text } } } }
    }
  }
  viewer { login }
}
"""

HAPPENED = """
query Happened($owner: String!, $name: String!, $trunk: String!, $count: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: $count, after: $after, baseRefName: $trunk, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number title url state body headRefName headRefOid updatedAt createdAt mergedAt closedAt additions deletions
        isCrossRepository
        author { __typename login }
        mergedBy { __typename login }
        mergeCommit { oid }
        timelineItems(first: 100, itemTypes: [PULL_REQUEST_COMMIT, LABELED_EVENT, UNLABELED_EVENT, PULL_REQUEST_REVIEW,
          AUTO_MERGE_ENABLED_EVENT, AUTO_MERGE_DISABLED_EVENT, ADDED_TO_MERGE_QUEUE_EVENT,
          REMOVED_FROM_MERGE_QUEUE_EVENT, CLOSED_EVENT]) {
          nodes {
            __typename
            ... on PullRequestCommit { id commit { oid authoredDate committedDate author { email user { login } } } }
            ... on LabeledEvent { id createdAt label { name } actor { __typename login } }
            ... on UnlabeledEvent { id createdAt label { name } actor { __typename login } }
            ... on PullRequestReview { id state submittedAt author { __typename login } }
            ... on AutoMergeEnabledEvent { id createdAt actor { __typename login } }
            ... on AutoMergeDisabledEvent { id createdAt reason reasonCode actor { __typename login } }
            ... on AddedToMergeQueueEvent { id createdAt actor { __typename login } }
            ... on RemovedFromMergeQueueEvent { id createdAt reason actor { __typename login } }
            ... on ClosedEvent { id createdAt actor { __typename login } }
          }
        }
      }
    }
  }
}
"""

EVERY = {
    "Pull": PULL,
    "Pulls": PULLS,
    "Comments": COMMENTS,
    "Reviews": REVIEWS,
    "Arm": ARM,
    "Disarm": DISARM,
    "Enqueue": ENQUEUE,
    "Dequeue": DEQUEUE,
    "Workflows": WORKFLOWS,
    "Happened": HAPPENED,
}
"""Every document by the name of its operation."""
