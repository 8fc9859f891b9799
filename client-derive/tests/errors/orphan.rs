#[client_derive::endpoints("jobs")]
impl Jobs {
    #[query(
//~   ^ options belong to an endpoint
        /// Something.
        meta: bool,
    )]
    fn list(&self) -> Call<Vec<Job>, ListJobs> {}
}
